import { expect, test } from 'vitest'
import { commandOf, HELP, readOptions } from './options.ts'

test('everything is measured but what must be asked for', () => {
  expect(readOptions([])).toEqual({
    quick: false,
    peers: [],
    ancestor: null,
    rows: 10_000_000,
    json: null,
    out: null,
    from: null,
  })
  expect(readOptions(['--quick'])).toMatchObject({ quick: true, rows: 0 })
  expect(readOptions(['--peers', 'litellm,portkey'])?.peers).toEqual(['litellm', 'portkey'])
})

test('what is not known is refused; help names every option', () => {
  expect(() => readOptions(['--peers', 'envoy'])).toThrow('portkey or litellm')
  expect(() => readOptions(['--rows', 'many'])).toThrow('--rows many')
  expect(() => readOptions(['--fast'])).toThrow('--fast')
  expect(readOptions(['--help', '--quick'])).toBeNull()
  for (const name of Object.keys(readOptions([]) ?? {})) expect(HELP).toContain(`--${name}`)
})

test('the command that is kept measures the same, and names no place of this machine', () => {
  const kept = (...args: string[]) => commandOf(readOptions(args) ?? never())
  expect(kept('--peers', 'portkey', '--ancestor', '/here/it/is', '--out', 'docs')).toBe(
    'npm run bench -- --peers portkey --ancestor CHECKOUT',
  )
  expect(kept('--quick')).toBe('npm run bench -- --quick')
  expect(kept('--rows', '0')).toBe('npm run bench -- --rows 0')
})

function never(): never {
  throw new Error('help')
}
