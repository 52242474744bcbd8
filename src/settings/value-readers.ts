/** How the texts of the environment are read, by what they stand for. */
import { z } from 'zod'
import { decodePublicKey } from '../identity/public-key.ts'
import { parseUnits, type Units } from '../money.ts'

export const integer = (min: number, max: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max))

export const url = (...schemes: readonly string[]): z.ZodType<string, string> =>
  z.string().refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol))

export const httpUrl = url('http:', 'https:')
export const address = z.string().refine((text) => decodePublicKey(text) !== null)
export const text = z.string()
/** A key file, or `cmd:` and a command that signs. */
export const key = z.string().refine((value) => value.trim() !== 'cmd:')
export const flag: z.ZodType<boolean, string> = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')

export const atomicUnits: z.ZodType<Units, string> = z.string().transform((value, context) => {
  const amount = parseUnits(value)
  if (amount !== null) return amount
  context.addIssue('not units')
  return z.NEVER
})

/** scheme://host[:port], lower case, default port and trailing slash omitted: exactly what agents sign. */
export const origin = httpUrl.refine(
  (value) => URL.canParse(value) && new URL(value).origin === value,
)
