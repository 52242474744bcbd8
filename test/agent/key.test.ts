// The three forms of a key, and that a wrong one is refused without a word of what it holds.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createAgent, type Level5Error } from '../../src/agent/index.ts'
import { toSigner } from '../../src/agent/key.ts'
import vectors from '../vectors.json' with { type: 'json' }

const folder = mkdtempSync(join(tmpdir(), 'level5-key-'))
afterAll(() => rmSync(folder, { recursive: true }))

const secretKey = Buffer.from(vectors.agent.secret_key_hex, 'hex')

function fileOf(text: string): string {
  const path = join(folder, 'key.json')
  writeFileSync(path, text)
  return path
}

test('64 bytes, a key file and a signer sign alike', async () => {
  const bytes = Buffer.from('the same bytes')
  const fromBytes = toSigner(secretKey)
  const fromFile = toSigner(fileOf(JSON.stringify([...secretKey])))
  const foreign = { publicKey: vectors.agent.pubkey, sign: fromBytes.sign }
  expect(fromBytes.publicKey).toBe(vectors.agent.pubkey)
  expect(fromFile.publicKey).toBe(vectors.agent.pubkey)
  expect(toSigner(foreign)).toBe(foreign)
  expect(Buffer.from(await fromFile.sign(bytes))).toEqual(Buffer.from(await fromBytes.sign(bytes)))
})

test.each([
  ['too short', secretKey.subarray(0, 32)],
  [
    'whose halves do not belong together',
    Buffer.concat([secretKey.subarray(0, 32), Buffer.alloc(32)]),
  ],
])('A1: refuses bytes %s', (_, bytes) => {
  expect(() => toSigner(bytes)).toThrow(/^key: /)
})

test.each(['', '{}', '[1,2,3]', `[${'256,'.repeat(63)}256]`, `["a"${',1'.repeat(63)}]`])(
  'refuses a file that holds %j',
  (text) => {
    expect(() => toSigner(fileOf(text))).toThrow(/key file .*(not JSON|64 bytes)/)
  },
)

test('a broken key file is not quoted', () => {
  const path = fileOf('[17,34,51 secret')
  const error = (() => {
    try {
      return toSigner(path)
    } catch (caught) {
      return caught as Level5Error
    }
  })()
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/17,34|secret/)
})

test.each(['ftp://a', 'http://a/v1', 'http://a?b', 'a', 'http://u:p@a'])(
  'refuses the url %s',
  (url) => {
    expect(() => createAgent({ key: secretKey, url })).toThrow(/^url: /)
  },
)
