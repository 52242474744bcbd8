/** Valid documents to spoil: one agent, one gateway, one moment. */
import { createHash, createPrivateKey, sign } from 'node:crypto'
import { paymentAddresses } from '../../src/chain/configured.ts'
import { voucherBytes, voucherHeader } from '../../src/chain/voucher.ts'
import { issueChallenge } from '../../src/identity/session-challenge.ts'
import { type Audience, requestText } from '../../src/identity/signed-text.ts'
import { units } from '../../src/money.ts'
import vectors from '../vectors.json' with { type: 'json' }

export const ISSUED_AT = '2026-11-21T12:00:00.000Z'
/** Unix milliseconds. */
export const NOW = Date.parse(ISSUED_AT)
export const AGENT = vectors.agent.pubkey
export const AUDIENCE: Audience = { origin: 'https://gw.example.com:8443', chain: 'localnet' }
export const NETWORK = 'solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1'
export const CALL_TARGET = '/v1/chat/completions?a=b'
export const BODY_SHA256: Uint8Array = createHash('sha256').update('a body').digest()
export const DIGEST = `sha256:${Buffer.from(BODY_SHA256).toString('hex')}`
export const NONCE = 'a1b2c3d4e5f67890a1b2c3d4e5f67890'

const KEY = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${vectors.agent.seed_hex}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
})

export function agentSigns(message: string | Uint8Array): string {
  return sign(null, Buffer.from(message), KEY).toString('base64')
}

const ASKED = { method: 'POST', target: CALL_TARGET, bodySha256: BODY_SHA256 }

/** The headers of a request that is signed natively. */
export const SIGNED: Readonly<Record<string, string>> = {
  'x-agent-pubkey': AGENT,
  'x-agent-nonce': NONCE,
  'x-agent-issued-at': ISSUED_AT,
  'x-agent-signature': agentSigns(
    requestText({
      ...AUDIENCE,
      ...ASKED,
      pubkey: AGENT,
      nonce: NONCE,
      issuedAt: ISSUED_AT,
      priceVersion: DIGEST,
    }),
  ),
  'x-price-version': DIGEST,
}

const CONTENT_DIGEST = `sha-256=:${Buffer.from(BODY_SHA256).toString('base64')}:`
export const SIGNATURE_INPUT = `("@method" "@target-uri" "content-digest");created=${NOW / 1000};nonce="${NONCE}";keyid="${AGENT}";alg="ed25519"`
const SIGNATURE_BASE = [
  '"@method": POST',
  `"@target-uri": ${AUDIENCE.origin}${CALL_TARGET}`,
  `"content-digest": ${CONTENT_DIGEST}`,
  `"@signature-params": ${SIGNATURE_INPUT}`,
].join('\n')

/** The headers of the same request, signed as RFC 9421 has it. */
export const MESSAGE_SIGNED: Readonly<Record<string, string>> = {
  'signature-input': `sig1=${SIGNATURE_INPUT}`,
  signature: `sig1=:${agentSigns(SIGNATURE_BASE)}:`,
  'content-digest': CONTENT_DIGEST,
}

export const SIGN_IN_TARGET = `/x402/balance/${AGENT}`

/** The fields of a `SIGN-IN-WITH-X`, with its signature. */
export const SIGN_IN = {
  domain: 'gw.example.com:8443',
  address: AGENT,
  uri: AUDIENCE.origin + SIGN_IN_TARGET,
  version: '1',
  chainId: NETWORK,
  type: 'ed25519',
  nonce: NONCE,
  issuedAt: ISSUED_AT,
  expirationTime: '2026-11-21T12:05:00.000Z',
  resources: ['https://gw.example.com:8443/x402'],
  signature: agentSigns(
    [
      'gw.example.com:8443 wants you to sign in with your Solana account:',
      AGENT,
      '',
      `URI: ${AUDIENCE.origin}${SIGN_IN_TARGET}`,
      'Version: 1',
      `Chain ID: ${NETWORK.split(':')[1]}`,
      `Nonce: ${NONCE}`,
      `Issued At: ${ISSUED_AT}`,
      'Expiration Time: 2026-11-21T12:05:00.000Z',
      'Resources:',
      '- https://gw.example.com:8443/x402',
    ].join('\n'),
  ),
} as const

export const ISSUER = { ...AUDIENCE, secret: Buffer.alloc(32, 7) }

/** A challenge of that gateway. */
export const CHALLENGE = issueChallenge(
  ISSUER,
  {
    pubkey: AGENT,
    terms: {
      spendLimit: units(300_000n),
      ttlSeconds: 3_600,
      models: ['gpt-4o-mini', 'a/b:c@1'],
      label: 'my agent (50%)',
    },
  },
  Buffer.alloc(8, 9),
  NOW,
).message

export const ADDRESSES = {
  program: vectors.program.program_id,
  gateway: vectors.program.gateway.address,
  mint: vectors.program.mint,
}
export const addressesOf = paymentAddresses(ADDRESSES)

const CUMULATIVE = units(1_000_000n)

/** The text of `X-Agent-Voucher`. */
export const VOUCHER = voucherHeader({
  cumulative: CUMULATIVE,
  expiresAt: 0n,
  signature: agentSigns(voucherBytes(addressesOf(AGENT).vaultKey, CUMULATIVE)),
})

export function base64Of(json: string): string {
  return Buffer.from(json).toString('base64')
}
