/** What the operator and the agent's owner write: settings, price files, key files, amounts, options. And what pages ask. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { readKeyFile, toSigner } from '../../src/agent/key.ts'
import { Level5Error } from '../../src/agent/level5-error.ts'
import { readOrigin } from '../../src/agent/origin.ts'
import { address, usdcAmount, wholeNumber } from '../../src/cli/options.ts'
import { formatUsdc, parseUsdc } from '../../src/money.ts'
import { readPricesFile } from '../../src/prices/prices-file.ts'
import { readPage } from '../../src/routes/paging.ts'
import { describeProblem, describeSettings, readSettings } from '../../src/settings.ts'
import { commandSigner } from '../../src/signers/command-signer.ts'
import { fileSigner } from '../../src/signers/file-signer.ts'
import { SignerFailed } from '../../src/signers/message-signer.ts'
import vectors from '../vectors.json' with { type: 'json' }
import { type Fuzzer, fed, fedLater, fuzzer, hold, holdRefusal } from './fuzzer.ts'
import { AGENT, agentSigns } from './samples.ts'
import { floods, mutatedBody, mutatedFields, mutatedText } from './wild.ts'

const ENVIRONMENT = {
  HOST: '0.0.0.0',
  PORT: '4020',
  PUBLIC_URL: 'https://gw.example.com',
  SOLANA_RPC_URL: 'http://127.0.0.1:8899',
  SOLANA_WS_URL: 'ws://127.0.0.1:8900',
  SOLANA_CHAIN: 'localnet',
  PROGRAM_ID: AGENT,
  GATEWAY_ADDRESS: AGENT,
  USDC_MINT: AGENT,
  RECEIPT_KEY: '/keys/receipt.json',
  OPERATOR_KEY: 'cmd:sign --slot 1',
  OPENAI_API_KEY: 'sk-secret',
  ANTHROPIC_BASE_URL: 'https://api.anthropic.com',
  MAX_BODY_MB: '32',
  MARKUP_PERCENT: '10',
  MIN_SYNC: '10000',
  ADMIN_TOKEN: 'a-long-admin-token-of-the-tests',
  X402: 'true',
}

const MODEL = {
  provider: 'openai',
  formats: ['openai-chat'],
  input: '150000',
  cached_input: '75000',
  output: '600000',
  long_context: { above: 1_000, input: '300000', output: '900000' },
  context_window: 128_000,
  max_output_tokens: 16_384,
}

const SIGNATURE = agentSigns('a message')

/** A file that is there while it is used. */
async function withFile(
  bytes: Uint8Array,
  use: (path: string) => void | Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'level5-fuzz-'))
  const path = join(folder, 'file')
  writeFileSync(path, bytes)
  try {
    await use(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
const SECRET_KEY = [...Buffer.from(vectors.agent.secret_key_hex, 'hex')]

/** What a reader of key files throws that has no class of its own: it never quotes the file. */
class KeyFileRefused extends Error {}

function fedFileSigner(path: string, text: string): unknown {
  return fed(() => {
    try {
      return fileSigner(path)
    } catch (error) {
      const isOurs = error instanceof Error && error.message.startsWith(`key file ${path}: `)
      if (!isOurs) throw error
      hold(text.length < 40 || !error.message.includes(text), 'the key file is quoted')
      throw new KeyFileRefused(error.message)
    }
  }, KeyFileRefused)
}

export const OPERATOR: readonly Fuzzer[] = [
  fuzzer({
    name: 'settings',
    feeds: ['src/settings.ts#readSettings'],
    input: mutatedFields(
      ENVIRONMENT,
      describeSettings().map(({ variable }) => variable),
    ),
    feed(environment) {
      for (const purpose of ['serve', 'watch'] as const) {
        const outcome = fed(() => readSettings(environment, purpose))
        if (outcome?.kind !== 'refused') continue
        const lines = outcome.problems.map(describeProblem)
        hold(lines.length > 0, 'refused without a problem')
        const secret = environment['OPENAI_API_KEY'] ?? ''
        const isElsewhere = Object.entries(environment).some(
          ([name, value]) => name !== 'OPENAI_API_KEY' && value.includes(secret),
        )
        const isShown = lines.some((line) => line.includes(secret))
        hold(isElsewhere || !secret.startsWith('sk-') || !isShown, 'a secret is shown')
      }
    },
    floods: (bytes) =>
      floods(bytes / 4).map(
        (text): Record<string, string> => ({
          ...ENVIRONMENT,
          PUBLIC_URL: text,
          MIN_SYNC: text,
          OPENAI_BASE_URL: `http://${text}`,
        }),
      ),
    cost: 2,
  }),
  fuzzer({
    name: 'price-files',
    feeds: ['src/prices/prices-file.ts#readPricesFile'],
    input: mutatedBody({ models: { 'my/model': MODEL, other: MODEL } }),
    feed(bytes) {
      const outcome = fed(() => readPricesFile(bytes.toString(), ['openai']))
      hold(outcome?.kind !== 'invalid' || outcome.problems.length > 0, 'invalid without a problem')
      const served = outcome?.kind === 'read' ? outcome.served : []
      hold(
        served.every(({ prices }) => Object.values(prices).every((price) => price > 0n)),
        'free',
      )
    },
    floods: (bytes) => floods(bytes).map((text) => Buffer.from(text)),
  }),
  fuzzer({
    name: 'key-files',
    feeds: [
      'src/agent/key.ts#readKeyFile',
      'src/agent/key.ts#toSigner',
      'src/signers/file-signer.ts#fileSigner',
    ],
    input: mutatedBody(SECRET_KEY),
    async feed(bytes) {
      await withFile(bytes, (path) => {
        const key = fed(() => readKeyFile(path), Level5Error)
        hold(key === undefined || key.length === 64, 'a key that is not 64 bytes')
        const signer = fed(() => toSigner(path), Level5Error)
        hold(signer === undefined || signer.publicKey === AGENT, 'another key')
        fedFileSigner(path, bytes.toString())
      })
      fed(() => toSigner({ publicKey: bytes.toString(), sign: (message) => message }), Level5Error)
    },
    floods: (bytes) => floods(bytes).map((text) => Buffer.from(text)),
    cost: 2,
  }),
  fuzzer({
    name: 'amounts',
    feeds: [
      'src/money.ts#parseUsdc',
      'src/cli/options.ts#usdcAmount',
      'src/cli/options.ts#wholeNumber',
      'src/cli/options.ts#address',
    ],
    input: mutatedText('5', '0.25', '1234567890123.000001', AGENT),
    feed(text) {
      const amount = fed(() => parseUsdc(text))
      hold(amount == null || parseUsdc(formatUsdc(amount)) === amount, 'an amount that changes')
      fed(() => usdcAmount(text), InvalidArgumentError)
      fed(() => wholeNumber(1, 65_535)(text), InvalidArgumentError)
      fed(() => address(text), InvalidArgumentError)
    },
    floods,
  }),
  fuzzer({
    name: 'origins',
    feeds: ['src/agent/origin.ts#readOrigin'],
    input: mutatedText('https://gw.example.com:8443/', 'http://[::1]:80', 'http://a@b/'),
    feed(text) {
      const origin = fed(() => readOrigin(text))
      hold(origin == null || readOrigin(origin) === origin, 'an origin that changes')
    },
    floods,
  }),
  fuzzer({
    name: 'pages',
    feeds: ['src/routes/paging.ts#readPage'],
    input: mutatedFields({ limit: '50', cursor: '123456' }),
    feed(query) {
      const page = fed(() => readPage((name) => query[name], 'cursor'))
      if (page?.kind === 'refused') holdRefusal(page.refusal, ['invalid_request'])
      if (page?.kind !== 'page') return
      hold(page.limit >= 1 && page.limit <= 500, 'a page of any size')
      hold(page.cursor === null || Number.isSafeInteger(page.cursor), 'a cursor that is no count')
    },
    floods: (bytes) =>
      floods(bytes).map((text): Record<string, string> => ({ limit: text, cursor: text })),
  }),
  fuzzer({
    name: 'signing-commands',
    feeds: ['src/signers/command-signer.ts#commandSigner'],
    input: mutatedText(`${AGENT}\n${SIGNATURE}\n`, `${AGENT}\n`),
    async feed(text) {
      await withFile(Buffer.from(text), async (path) => {
        // It says this whatever it is asked, and reads until it is closed.
        const command = `cat '${path}'; cat > /dev/null`
        const options = { setting: 'RECEIPT_KEY', command, waitMs: 200 }
        const signer = await fedLater(() => commandSigner(options), SignerFailed)
        const asked = async () => signer?.sign(Buffer.from('a message'))
        const signature = await fedLater(asked, SignerFailed)
        await signer?.close()
        hold(signature === undefined || signature.length === 64, 'a signature that is none')
      })
    },
    cost: 40,
  }),
]
