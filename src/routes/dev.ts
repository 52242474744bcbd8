/** The faucet of `level5 dev`. Registered only where `main` was handed its parts (property S4). */
import type { Hono } from 'hono'
import { z } from 'zod'
import { refusal } from '../errors.ts'
import { decodePublicKey } from '../identity/public-key.ts'
import { parseUsdc } from '../money.ts'
import { type Env, incomingIn, open, parseJson } from './context.ts'
import type { DevParts, RouteParts } from './parts.ts'
import { json, type Reply, refused } from './reply.ts'

const Ask = z.strictObject({
  pubkey: z.string().refine((text) => decodePublicKey(text) !== null),
  usdc: z.string().refine((text) => parseUsdc(text) !== null),
})

export function addDev(app: Hono<Env>, parts: RouteParts, dev: DevParts): void {
  app.post(
    '/dev/fund',
    open(async (context): Promise<Reply> => {
      const body = await incomingIn(context, parts).readBody()
      if (body.kind === 'refused') return body
      const parsed = parseJson(body.bytes)
      if (parsed.kind === 'refused') return parsed
      const ask = Ask.safeParse(parsed.value)
      const usdc = parseUsdc(ask.data?.usdc ?? '')
      if (!ask.success || usdc === null) {
        const message = 'The body is not {"pubkey","usdc"} with an amount like "5" or "0.25".'
        return refused(refusal('invalid_request', message))
      }
      const { pubkey } = ask.data
      const { signature, lamports } = await dev.fund(pubkey, usdc)
      const funded = { signature, pubkey, usdc_units: usdc.toString() }
      return json({ ...funded, lamports: lamports.toString() })
    }),
  )
}
