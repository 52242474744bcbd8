/** Reads the body of `POST /v1/sessions/challenge`. Source: wire contract, "Sessions". */
import { z } from 'zod'
import { boundedList } from '../bounded.ts'
import { type Refusal, refusal } from '../errors.ts'
import { parseUnits } from '../money.ts'
import { decodePublicKey } from './public-key.ts'
import {
  isLabel,
  isModelId,
  SESSION_MODELS_MAX,
  SESSION_TTL_SECONDS_MAX,
  type SignedTerms,
} from './session-text.ts'

/** One hour. */
const SESSION_TTL_SECONDS = 3600

/** In units. The largest amount that a ledger file holds. */
const SPEND_LIMIT_MAX = 2n ** 62n - 1n

const Body = z.strictObject({
  pubkey: z
    .string()
    .refine((text) => decodePublicKey(text) !== null, 'not a base58 key of 32 bytes'),
  spend_limit: z
    .string()
    .refine(isSpendLimit, `not a decimal string of 0 to ${SPEND_LIMIT_MAX} units`)
    .nullish(),
  models: boundedList(
    z.string().refine(isModelId, "not a model's id"),
    1,
    SESSION_MODELS_MAX,
  ).nullish(),
  ttl_seconds: z.int().min(1).max(SESSION_TTL_SECONDS_MAX).nullish(),
  label: z.string().refine(isLabel, 'not 1 to 64 plain characters').nullish(),
})

export type ChallengeRequest =
  | { readonly kind: 'asked'; readonly pubkey: string; readonly terms: SignedTerms }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** `body` is the parsed JSON. Every problem is reported at once; `param` names the first. */
export function readChallengeRequest(body: unknown): ChallengeRequest {
  const read = Body.safeParse(body)
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join('.')}: ${message}`,
    )
    const param = read.error.issues[0]?.path.join('.') || undefined
    return {
      kind: 'refused',
      refusal: refusal('invalid_request', `${problems.join('; ')}.`, param),
    }
  }
  const { pubkey, spend_limit, models, ttl_seconds, label } = read.data
  const terms: SignedTerms = {
    spendLimit: parseUnits(spend_limit),
    ttlSeconds: ttl_seconds ?? SESSION_TTL_SECONDS,
    models: models ?? null,
    label: label ?? null,
  }
  return { kind: 'asked', pubkey, terms }
}

function isSpendLimit(text: string): boolean {
  const limit = parseUnits(text)
  return limit !== null && limit <= SPEND_LIMIT_MAX
}
