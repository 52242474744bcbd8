/**
 * The text under the signature that opens a session: a Sign-In-With-Solana message whose Statement states the terms.
 * Shared by gateway and agent, so that each can check what the other says.
 * Source: wire contract, "Sessions"; fixed bytes in `vectors.json` (`session_message`).
 */
import { parseUnits, type Units } from '../money.ts'
import { type Audience, type ChainName, siwsHeader } from './signed-text.ts'

/** What the agent agrees to. */
export interface SignedTerms {
  /** Null: unlimited. */
  readonly spendLimit: Units | null
  readonly ttlSeconds: number
  /** Null: every model that is served. */
  readonly models: readonly string[] | null
  /** Null: none. It binds nobody, so it is no part of the Statement: it stands percent-encoded as SIWS's Request ID. */
  readonly label: string | null
}

export interface SessionParts extends Audience {
  /** Base58 ed25519 public key. */
  readonly pubkey: string
  readonly terms: SignedTerms
  /** 16 to 64 of `[A-Za-z0-9]`, the gateway's. */
  readonly nonce: string
  /** RFC 3339 UTC with milliseconds. */
  readonly issuedAt: string
  /** RFC 3339 UTC with milliseconds: until when the message may be presented. */
  readonly expiresAt: string
}

/** Thirty days. */
export const SESSION_TTL_SECONDS_MAX = 2_592_000
export const SESSION_MODELS_MAX = 50
const MODEL_ID = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/
/** What SIWS allows in a statement, without leading or trailing space. */
const LABEL = /^(?! )[A-Za-z0-9 ._~:/?#[\]@!$&'()*+,;=-]{1,64}(?<! )$/

/** The message to sign. Lines end in `\n`, none after the last. */
export function sessionText(parts: SessionParts): string {
  return [
    siwsHeader(parts.origin, parts.pubkey),
    '',
    statement(parts.terms),
    '',
    `URI: ${parts.origin}/v1/sessions`,
    'Version: 1',
    `Chain ID: ${parts.chain}`,
    `Nonce: ${parts.nonce}`,
    `Issued At: ${parts.issuedAt}`,
    `Expiration Time: ${parts.expiresAt}`,
    ...(parts.terms.label === null ? [] : [`Request ID: ${encodeURIComponent(parts.terms.label)}`]),
  ].join('\n')
}

const SESSION_TEXT = new RegExp(
  [
    '^[^\\n]+ wants you to sign in with your Solana account:',
    '(?<pubkey>[1-9A-HJ-NP-Za-km-z]{32,44})',
    '',
    'Open a level5 session: spend_limit (?<limit>[a-z0-9]+), ttl_seconds (?<ttl>\\d{1,7}), ' +
      'models (?<models>[^,\\n]+)\\.',
    '',
    'URI: (?<origin>https?://[^\\s/?#]+)/v1/sessions',
    'Version: 1',
    'Chain ID: (?<chain>mainnet|devnet|testnet|localnet)',
    'Nonce: (?<nonce>[A-Za-z0-9]{16,64})',
    'Issued At: (?<issuedAt>[^\\n]+)',
    'Expiration Time: (?<expiresAt>[^\\n]+)(?:\\nRequest ID: (?<label>[^\\n]+))?$',
  ].join('\n'),
)

/**
 * Reads a message back into what it was built from. Null unless rebuilding it from what was read gives the very same
 * text, so that no two readers can understand one message differently.
 */
export function parseSessionText(message: string): SessionParts | null {
  if (message.length > 16_384) return null
  const groups = SESSION_TEXT.exec(message)?.groups
  if (groups === undefined) return null
  const { pubkey = '', origin = '', nonce = '', issuedAt = '', expiresAt = '' } = groups
  const terms = parseTerms(groups)
  if (terms === null || parseInstant(issuedAt) === null || parseInstant(expiresAt) === null) {
    return null
  }
  const chain = groups['chain'] as ChainName
  const parts = { origin, chain, pubkey, terms, nonce, issuedAt, expiresAt }
  return sessionText(parts) === message ? parts : null
}

/** Unix milliseconds of an RFC 3339 UTC instant with milliseconds, exactly as `toISOString` writes it; else null. */
export function parseInstant(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) || new Date(at).toISOString() !== text ? null : at
}

/** Whether a text can stand in the statement as a model's id. */
export function isModelId(text: string): boolean {
  return MODEL_ID.test(text) && text !== 'any'
}

/** Whether a text can be a label: 1 to 64 printable ASCII characters that SIWS allows in a statement. */
export function isLabel(text: string): boolean {
  return LABEL.test(text)
}

function statement(terms: SignedTerms): string {
  const limit = terms.spendLimit === null ? 'unlimited' : terms.spendLimit.toString()
  const models = terms.models === null ? 'any' : terms.models.join(' ')
  return `Open a level5 session: spend_limit ${limit}, ttl_seconds ${terms.ttlSeconds}, models ${models}.`
}

function parseTerms(groups: Readonly<Record<string, string | undefined>>): SignedTerms | null {
  const spendLimit = groups['limit'] === 'unlimited' ? null : parseUnits(groups['limit'])
  if (spendLimit === null && groups['limit'] !== 'unlimited') return null
  const ttlSeconds = Number(groups['ttl'])
  if (ttlSeconds < 1 || ttlSeconds > SESSION_TTL_SECONDS_MAX) return null
  const models = groups['models'] === 'any' ? null : (groups['models'] ?? '').split(' ')
  if (models !== null && (models.length > SESSION_MODELS_MAX || !models.every(isModelId))) {
    return null
  }
  const label = decodeLabel(groups['label'])
  if (label !== null && !isLabel(label)) return null
  return { spendLimit, ttlSeconds, models, label }
}

/** Undoes the percent-encoding of a label; other bytes than ASCII's are left as they are, and are no label then. */
function decodeLabel(encoded: string | undefined): string | null {
  if (encoded === undefined) return null
  return encoded.replace(/%([2-7][0-9A-F])/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
