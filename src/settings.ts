/**
 * Settings: read once, checked whole, every problem reported at once. The table stands in `settings/variables.ts`.
 */
import { usdcMintOf } from './chain/clusters.ts'
import type { Units } from './money.ts'
import { VARIABLES, type ValueOf, type VariableName } from './settings/variables.ts'

export interface ChainSettings {
  readonly rpcUrl: string
  readonly wsUrl: string | null
  readonly chain: ValueOf<'SOLANA_CHAIN'>
  readonly program: string
  readonly gateway: string
  readonly mint: string
  /** Path of the key file, or `cmd:…`; null: nothing is settled or synced. */
  readonly operatorKey: string | null
  readonly minSync: Units
  readonly settleThreshold: Units
  /** Micro-lamports per compute unit. */
  readonly priorityFeeMax: number
}

/** A provider that the operator has an account with. */
interface ProviderSettings {
  readonly apiKey: string
  readonly baseUrl: string
}

export interface Settings {
  readonly host: string
  readonly port: number
  /** Null: `http://{host}:{port}` of the loopback address that is listened on. */
  readonly publicUrl: string | null
  readonly dataDir: string
  readonly chain: ChainSettings
  readonly providers: {
    readonly openai: ProviderSettings | null
    readonly anthropic: ProviderSettings | null
  }
  readonly publicRpcUrl: string | null
  readonly maxBodyBytes: number
  readonly pricesFile: string | null
  readonly markupPercent: number
  /** Path of the key file, or `cmd:…`; null: `watch`, which signs no receipts. */
  readonly receiptKey: string | null
  /** Whether only what a voucher covers is admitted. */
  readonly requireVouchers: boolean
  readonly settleMarginSeconds: number
  /** Whether x402 clients may top up; then there is an operator key. */
  readonly x402: boolean
  readonly upstreamTimeouts: {
    readonly headersMs: number
    readonly idleMs: number
    readonly totalMs: number
  }
  readonly adminToken: string | null
  readonly logLevel: ValueOf<'LOG_LEVEL'>
}

/** What is wrong with one variable. `found` never shows a secret. */
export interface SettingProblem {
  readonly variable: VariableName
  readonly found: string
  readonly allowed: string
}

export type SettingsOutcome =
  | { readonly kind: 'read'; readonly settings: Settings }
  | { readonly kind: 'refused'; readonly problems: readonly SettingProblem[] }

/** `serve` listens and needs all of it; `watch` only follows the chain. */
export type SettingsFor = 'serve' | 'watch'

const MB = 1_048_576

/** Reads the environment once. A variable that is set but empty counts as not set. */
export function readSettings(
  env: Readonly<Record<string, string | undefined>>,
  purpose: SettingsFor,
): SettingsOutcome {
  const reader = new Reader(env)
  const host = reader.or('HOST', '127.0.0.1')
  const serving = purpose === 'serve'
  const publicUrl =
    serving && !isLoopback(host) ? reader.required('PUBLIC_URL', '') : reader.optional('PUBLIC_URL')
  const receiptKey = serving ? reader.required('RECEIPT_KEY', '') : reader.optional('RECEIPT_KEY')
  const x402 = serving && reader.or('X402', false)
  const settings: Settings = {
    host,
    port: reader.or('PORT', 4020),
    publicUrl,
    dataDir: reader.or('DATA_DIR', './data'),
    chain: readChain(reader, x402),
    providers: {
      openai: readProvider(reader, 'OPENAI', 'https://api.openai.com/v1'),
      anthropic: readProvider(reader, 'ANTHROPIC', 'https://api.anthropic.com'),
    },
    publicRpcUrl: reader.optional('PUBLIC_RPC_URL'),
    maxBodyBytes: reader.or('MAX_BODY_MB', 32) * MB,
    pricesFile: reader.optional('PRICES_FILE'),
    markupPercent: reader.or('MARKUP_PERCENT', 0),
    receiptKey,
    requireVouchers: reader.or('REQUIRE_VOUCHERS', true),
    settleMarginSeconds: reader.or('SETTLE_MARGIN_SECONDS', 60),
    x402,
    upstreamTimeouts: {
      headersMs: reader.or('UPSTREAM_HEADERS_TIMEOUT_SECONDS', 600) * 1000,
      idleMs: reader.or('UPSTREAM_IDLE_TIMEOUT_SECONDS', 120) * 1000,
      totalMs: reader.or('UPSTREAM_TOTAL_TIMEOUT_SECONDS', 1800) * 1000,
    },
    adminToken: reader.optional('ADMIN_TOKEN'),
    logLevel: reader.or('LOG_LEVEL', 'info'),
  }
  if (reader.problems.length > 0) return { kind: 'refused', problems: reader.problems }
  return { kind: 'read', settings }
}

/** One line of text a problem: variable, what was found, what is allowed. */
export function describeProblem({ variable, found, allowed }: SettingProblem): string {
  return `${variable}: ${found}; allowed: ${allowed}`
}

/** Every variable with its meaning and default, for `--help` and the documentation. */
export function describeSettings(): {
  readonly variable: VariableName
  readonly meaning: string
  readonly defaultText: string
}[] {
  const names = Object.keys(VARIABLES) as VariableName[]
  return names.map((variable) => {
    const { meaning, defaultText } = VARIABLES[variable]
    return { variable, meaning, defaultText: defaultText ?? 'none' }
  })
}

/** Whether a host is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** `payFees`: somebody must pay the fees of what clients send. */
function readChain(reader: Reader, payFees: boolean): ChainSettings {
  const chain = reader.required('SOLANA_CHAIN', 'localnet')
  const knownMint = usdcMintOf(chain)
  return {
    rpcUrl: reader.required('SOLANA_RPC_URL', ''),
    wsUrl: reader.optional('SOLANA_WS_URL'),
    chain,
    program: reader.required('PROGRAM_ID', ''),
    gateway: reader.required('GATEWAY_ADDRESS', ''),
    mint: knownMint === null ? reader.required('USDC_MINT', '') : reader.or('USDC_MINT', knownMint),
    operatorKey: payFees ? reader.required('OPERATOR_KEY', '') : reader.optional('OPERATOR_KEY'),
    minSync: reader.or('MIN_SYNC', 10_000n as Units),
    settleThreshold: reader.or('SETTLE_THRESHOLD', 1_000_000n as Units),
    priorityFeeMax: reader.or('PRIORITY_FEE_MAX', 100_000),
  }
}

/** A provider is served when it has a key or a base URL of its own (a local one may need no key). */
function readProvider(
  reader: Reader,
  name: 'OPENAI' | 'ANTHROPIC',
  defaultBaseUrl: string,
): ProviderSettings | null {
  const apiKey = reader.optional(`${name}_API_KEY`)
  const baseUrl = reader.optional(`${name}_BASE_URL`)
  if (apiKey === null && baseUrl === null) return null
  return { apiKey: apiKey ?? '', baseUrl: baseUrl ?? defaultBaseUrl }
}

/** Reads variables and collects what is wrong with them; after a problem the placeholder goes no further. */
class Reader {
  readonly problems: SettingProblem[] = []
  readonly #env: Readonly<Record<string, string | undefined>>

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  optional<Name extends VariableName>(name: Name): ValueOf<Name> | null {
    const text = this.#env[name]
    if (text === undefined || text === '') return null
    const { read, allowed, ...row } = VARIABLES[name]
    const value = read.safeParse(text)
    if (value.success) return value.data as ValueOf<Name>
    const found = 'secret' in row ? 'a value that is not shown' : JSON.stringify(text)
    this.problems.push({ variable: name, found, allowed })
    return null
  }

  or<Name extends VariableName>(name: Name, fallback: ValueOf<Name>): ValueOf<Name> {
    return this.optional(name) ?? fallback
  }

  required<Name extends VariableName>(name: Name, placeholder: ValueOf<Name>): ValueOf<Name> {
    const before = this.problems.length
    const value = this.optional(name)
    if (value !== null) return value
    if (this.problems.length === before) {
      this.problems.push({ variable: name, found: 'not set', allowed: VARIABLES[name].allowed })
    }
    return placeholder
  }
}
