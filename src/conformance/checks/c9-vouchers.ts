/**
 * C9: only the agent's own signature lets funds leave to the operator. Seen over HTTP: no voucher that the agent did not
 * sign is taken, and the operator has settled no more than was spent. The rest is on the chain: `level5 verify`.
 */
import bs58 from 'bs58'
import { APPLICABLE, broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { answerText, askText } from '../evidence.ts'
import { memberOf, parseJson, textOf } from '../json-values.ts'
import { moneyOf } from '../played-calls.ts'
import { CONTENT_JSON } from '../provider/wire-format.ts'
import type { Ask, Identity } from '../target.ts'
import { ordinary, unreduced } from '../weak-keys.ts'

const VOUCHER_BYTES = 50
/** More than any agent has. */
const EVERYTHING = 2n ** 62n

export const vouchers: Check = {
  property: 'C9',
  title: 'vouchers that the agent did not sign',
  applicable: ({ target }) =>
    target.money === null ? notApplicable('the gateway settles no money') : APPLICABLE,
  async run(site) {
    const { spent, settled } = await moneyOf(site).books()
    const evidence = `GET /v1/balance: settled ${settled}, spent ${spent}`
    site.report('settled is within spent', settled <= spent ? HELD : broken(evidence))
    const { identity } = site.target
    if (identity === null) return
    const vault = await vaultOf(site, identity)
    if (vault === null) return
    for (const [name, voucher] of await forgeries(site, identity, vault)) {
      await checkRefused(site, name, voucher)
    }
  },
}

async function vaultOf(site: CheckSite, { pubkey }: Identity): Promise<Uint8Array | null> {
  const answer = await site.target.sendBare({
    method: 'GET',
    target: `/v1/deposit?pubkey=${pubkey}`,
  })
  const vault = textOf(memberOf(parseJson(Buffer.from(answer.bytes).toString()), 'vault'))
  const bytes = bs58.decodeUnsafe(vault)
  return bytes?.length === 32 ? bytes : null
}

/** Each is refused by a strict reader. None of them can cost the agent more than it has spent already. */
async function forgeries(
  site: CheckSite,
  identity: Identity,
  vault: Uint8Array,
): Promise<readonly (readonly [name: string, voucher: string])[]> {
  const seed = Uint8Array.from({ length: 32 }, () => Math.floor(site.random() * 256))
  // For nothing at all: good for nobody, whatever becomes of it.
  const own = await identity.sign(bytesOf(vault, 0n))
  const expiring = await identity.sign(bytesOf(vault, 0n, 4_000_000_000n))
  const elsewhere = await identity.sign(bytesOf(Buffer.alloc(32, 9), 0n))
  const text = (cumulative: bigint, signature: Uint8Array, expires = 0n) =>
    `${cumulative}:${expires}:${Buffer.from(signature).toString('base64')}`
  return [
    ["a stranger's signature", text(EVERYTHING, ordinary(seed, bytesOf(vault, EVERYTHING)))],
    ["the agent's signature under another total", text(EVERYTHING, own)],
    ["the agent's signature for another vault", text(0n, elsewhere)],
    ['a voucher that expires', text(0n, expiring, 4_000_000_000n)],
    ['an expiry that was not signed', text(0n, own, 1n)],
    ['a signature of zeros', text(EVERYTHING, Buffer.alloc(64))],
    ['a signature whose S is not reduced', text(0n, unreduced(own))],
    ['a total with a leading zero', text(0n, own).replace(/^0:/, '00:')],
    ['a negative total', text(0n, own).replace(/^0:/, '-1:')],
  ]
}

function bytesOf(vault: Uint8Array, cumulative: bigint, expiresAt = 0n): Uint8Array {
  const bytes = Buffer.alloc(VOUCHER_BYTES)
  bytes.writeUInt16BE(0x5601)
  bytes.set(vault, 2)
  bytes.writeBigUInt64LE(cumulative, 34)
  bytes.writeBigInt64LE(expiresAt, 42)
  return bytes
}

async function checkRefused(site: CheckSite, name: string, voucher: string): Promise<void> {
  const body = JSON.stringify({ voucher })
  const ask: Ask = { method: 'POST', target: '/v1/vouchers', headers: CONTENT_JSON, body }
  const answer = await site.target.send(ask)
  if (answer.status === 404) return site.skip('the gateway takes no vouchers')
  const evidence = `${name} was answered ${answerText(answer)} and not refused: ${askText(ask)}`
  const isRefused = answer.status >= 400 && answer.status < 500
  site.report(name, isRefused ? HELD : broken(evidence))
}
