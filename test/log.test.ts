// Lines of the log may be late, but never lost where the process ends by itself, in whatever way.
import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { ended } from './support/executable.ts'

const LOG = new URL('../dist/src/log.js', import.meta.url).href

/** Runs a program that has a log, and gives the lines that it left on stderr. */
async function linesOf(program: string): Promise<string[]> {
  const text = `import { createLog } from '${LOG}'; const log = createLog('info'); ${program}`
  const run = await ended(spawn(process.execPath, ['--input-type=module', '--eval', text]))
  return run.stderr.split('\n').filter((line) => line.startsWith('{'))
}

const THOUSAND = "for (let n = 0; n < 1000; n++) log.info({ n, charge: 7n }, 'call charged');"

test.each([
  ['runs out', THOUSAND],
  ['exits', `${THOUSAND} process.exit(1)`],
  ['dies of an error', `${THOUSAND} throw new Error('unexpected')`],
  ['exits a turn later', `${THOUSAND} setImmediate(() => process.exit(0))`],
])('every line is written when the process %s', async (_how, program) => {
  const lines = (await linesOf(program)).map((line) => JSON.parse(line) as { n: number })
  expect(lines.map(({ n }) => n)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  expect(lines[0]).toMatchObject({ level: 'info', n: 0, charge: '7', msg: 'call charged' })
})

test('a line is written while the process goes on', async () => {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { createLog } from '${LOG}'; createLog('info').info({}, 'here'); setInterval(() => {}, 1000)`,
  ])
  const line = await new Promise<string>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', resolve)
  })
  child.kill('SIGKILL')
  expect(line).toContain('"msg":"here"')
})
