import { generateKeyPairSync, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { newSecretKey } from '../../src/cli/keygen.ts'
import { type CommandSignerOptions, commandSigner } from '../../src/signers/command-signer.ts'
import { fileSigner } from '../../src/signers/file-signer.ts'
import { SignerFailed } from '../../src/signers/message-signer.ts'
import { openSigner } from '../../src/signers/open-signer.ts'

const folder = mkdtempSync(join(tmpdir(), 'level5-signers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const KEY_FILE = join(folder, 'key.json')
writeFileSync(KEY_FILE, JSON.stringify([...newSecretKey()]))
const KEY = fileSigner(KEY_FILE)
const WAIT = { timeout: 10_000, interval: 20 }
const MESSAGE = Buffer.from('settle this')
const PROGRAM = join(import.meta.dirname, 'programs', 'signer.mjs')

let logs = 0
/** The command in one of its manners, and what it noted of its life. */
function command(manner: string) {
  logs += 1
  const log = join(folder, `log-${logs}`)
  const noted = () => readFileSync(log, 'utf8').trim().split('\n')
  return { text: `"${process.execPath}" "${PROGRAM}" "${KEY_FILE}" "${log}" ${manner}`, noted }
}

async function open(text: string, options: Partial<CommandSignerOptions> = {}) {
  const signer = await commandSigner({ setting: 'OPERATOR_KEY', command: text, ...options })
  onTestFinished(() => signer.close())
  return signer
}

test('a command signs with its key, asked for the key once, in the order of the requests', async () => {
  const { text, noted } = command('well')
  const signer = await open(text)
  expect(signer.publicKey).toEqual(KEY.publicKey)
  const messages = Array.from({ length: 20 }, (_, index) => Buffer.from(`message ${index}`))
  const signatures = await Promise.all(messages.map((message) => signer.sign(message)))
  expect(signatures).toEqual(messages.map((message) => KEY.signNow(message)))
  expect(noted().filter((line) => line === 'pubkey')).toHaveLength(1)
  expect(noted().filter((line) => line.startsWith('start'))).toHaveLength(1)
})

test.each([
  ['garble', 'something else than a signature'],
  ['forge', 'its key does not verify'],
  ['late', 'did not answer within 2500 ms'],
  ['exit', 'ended with 3'],
  ['endless', 'answers without end'],
])(
  'one that behaves like "%s" fails by name of the setting, and is started again',
  async (manner, why) => {
    const { text, noted } = command(manner)
    const signer = await open(text, { waitMs: 2_500 })
    const failed = await signer.sign(MESSAGE).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(SignerFailed)
    expect(`${failed}`).toContain('OPERATOR_KEY: the signing command')
    expect(`${failed}`).toContain(why)
    expect(`${failed}`).not.toContain(KEY_FILE)
    expect(await signer.sign(MESSAGE)).toEqual(KEY.signNow(MESSAGE))
    expect(noted().filter((line) => line.startsWith('start'))).toHaveLength(2)
    await vi.waitFor(() => expect(noted()).toContain('end'), WAIT)
  },
)

test('a line that nobody asked for is never taken for the next signature', async () => {
  const { text, noted } = command('chatter')
  const signer = await open(text)
  await signer.sign(MESSAGE)
  await vi.waitFor(() => expect(noted()).toContain('end'), WAIT)
  expect(await signer.sign(MESSAGE)).toEqual(KEY.signNow(MESSAGE))
})

test('every request that waits fails with a child that ends', async () => {
  const signer = await open(command('exit').text)
  const all = await Promise.allSettled([signer.sign(MESSAGE), signer.sign(MESSAGE)])
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test.each([
  ['no-key', 'something else than a key'],
  ['mute', 'did not answer within'],
])(
  'opening fails with one that answers `pubkey` like "%s", and leaves no child',
  async (manner, why) => {
    const { text, noted } = command(manner)
    await expect(open(text, { waitMs: 2_500 })).rejects.toThrow(why)
    await vi.waitFor(() => expect(noted()).toContain('end'), WAIT)
  },
)

test('a command that is not there is said to have ended', async () => {
  await expect(open('exec /nowhere/signer 2>/dev/null')).rejects.toThrow('ended with 127')
})

test('closing ends the child also behind a shell that waits for it', async () => {
  const { text, noted } = command('well')
  const signer = await open(`${text}; true`)
  await signer.close()
  await vi.waitFor(() => expect(noted()).toContain('end'), WAIT)
  await expect(signer.sign(MESSAGE)).rejects.toThrow('was closed')
})

test('a setting is a key file, or `cmd:` and a command', async () => {
  const byFile = await openSigner('RECEIPT_KEY', KEY_FILE)
  const byCommand = await openSigner('RECEIPT_KEY', `cmd:${command('well').text}`)
  onTestFinished(() => byCommand.close())
  expect(byFile.publicKey).toEqual(byCommand.publicKey)
  expect('signNow' in byFile && !('signNow' in byCommand)).toBe(true)
  await expect(openSigner('RECEIPT_KEY', `cmd:true`)).rejects.toThrow(/^RECEIPT_KEY: /)
})

test('a key file signs as its key verifies, and a wrong one is named without its contents', async () => {
  const raw = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), KEY.publicKey])
  const signature = await KEY.sign(MESSAGE)
  expect(verify(null, MESSAGE, { key: raw, format: 'der', type: 'spki' }, signature)).toBe(true)
  const { publicKey } = generateKeyPairSync('ed25519')
  const other = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const seed = [...newSecretKey()].slice(0, 32)
  const wrong = [[1, 2, 3], [...seed, ...other], Array(64).fill(256), { seed }]
  for (const contents of [...wrong.map((item) => JSON.stringify(item)), '[1, oops']) {
    const file = join(folder, 'wrong.json')
    writeFileSync(file, contents)
    const failed = await openSigner('OPERATOR_KEY', file).catch((error: unknown) => `${error}`)
    expect(failed).toMatch(/^Error: OPERATOR_KEY: key file .*wrong\.json: /)
    expect(failed).not.toContain('oops')
  }
  const absent = openSigner('OPERATOR_KEY', join(folder, 'absent.json'))
  await expect(absent).rejects.toThrow(/absent\.json: cannot be read \(ENOENT\)$/)
})
