/** A voucher without a call. Source: proof contract, "Vouchers on the wire". */
import type { Hono } from 'hono'
import { z } from 'zod'
import { boundedText } from '../bounded.ts'
import { refusal } from '../errors.ts'
import { type Asked, authenticated, type Env, parseJson } from './context.ts'
import type { RouteParts } from './parts.ts'
import { json, type Reply, refused } from './reply.ts'

/** No voucher is as long. */
const Body = z.strictObject({ voucher: boundedText(0, 256) })

export function addVouchers(app: Hono<Env>, parts: RouteParts): void {
  app.post(
    '/v1/vouchers',
    authenticated(parts, (asked) => keep(parts, asked)),
  )
}

async function keep({ ledger, path }: RouteParts, { caller, body }: Asked): Promise<Reply> {
  const parsed = parseJson(body)
  if (parsed.kind === 'refused') return parsed
  const sent = Body.safeParse(parsed.value)
  if (!sent.success) {
    return refused(refusal('invalid_request', 'The body is not {"voucher"}.', 'voucher'))
  }
  const read = path.vouchers.read(caller.agent, sent.data.voucher)
  if (read.kind === 'refused') return read
  const { voucher } = read
  const kept = await ledger.keepVoucher(caller.agent, voucher, path.now())
  if (kept.kind === 'no_vault') {
    const message = `There is no vault ${voucher.vault} yet: it is opened with the first deposit.`
    return refused(refusal('invalid_voucher', message, 'voucher'))
  }
  const { spent, settled } = await ledger.balance(caller.agent)
  return json({
    vault: voucher.vault,
    signed: kept.signed.toString(),
    spent: spent.toString(),
    settled: settled.toString(),
  })
}
