/**
 * The text under the signature of a request: a Sign-In-With-Solana message that binds method, target and body.
 * Built by the agent and rebuilt by the gateway, never parsed.
 * Source: wire contract, "Signed requests"; fixed bytes in `vectors.json`.
 */

/** The chain that an agent's vault lives on, as signed. */
export type ChainName = 'mainnet' | 'devnet' | 'testnet' | 'localnet'

/** The gateway that a text is signed for: its configured public URL without a trailing slash, and its chain. */
export interface Audience {
  readonly origin: string
  readonly chain: ChainName
}

export interface RequestParts extends Audience {
  /** Base58 ed25519 public key. */
  readonly pubkey: string
  readonly method: string
  /** Path plus query exactly as on the request line. */
  readonly target: string
  /** 16 to 64 of `[A-Za-z0-9]`. */
  readonly nonce: string
  /** RFC 3339 UTC with milliseconds. */
  readonly issuedAt: string
  /** SHA-256 of the body's bytes (32 bytes); an empty body hashes the empty string. */
  readonly bodySha256: Uint8Array
  /** `sha256:<64 hex digits>` where the agent agrees to one price list only. */
  readonly priceVersion?: string
}

/** The text to sign for a request. Lines end in `\n`, none after the last. */
export function requestText(parts: RequestParts): string {
  const { origin, pubkey, method, target, priceVersion } = parts
  return `${siwsHeader(origin, pubkey)}

${method} ${target}

URI: ${origin}${target}
Version: 1
Chain ID: ${parts.chain}
Nonce: ${parts.nonce}
Issued At: ${parts.issuedAt}
Resources:
${digestResource(parts.bodySha256)}${priceVersion === undefined ? '' : `\n${priceResource(priceVersion)}`}`
}

/** The first two lines of every message: who asks whom to sign in. */
export function siwsHeader(origin: string, pubkey: string): string {
  return `${domainOf(origin)} wants you to sign in with your Solana account:\n${pubkey}`
}

/** `https://gw.example.com:8443` → `gw.example.com:8443`. */
export function domainOf(origin: string): string {
  return origin.slice(origin.indexOf('://') + '://'.length)
}

function digestResource(digest: Uint8Array): string {
  const bytes = Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength)
  return `- ni:///sha-256;${bytes.toString('base64url')}`
}

function priceResource(priceVersion: string): string {
  return digestResource(Buffer.from(priceVersion.slice('sha256:'.length), 'hex'))
}
