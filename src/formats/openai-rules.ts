/** Rules that OpenAI's chat and Responses formats share. Source: wire contract, "Calls"; OpenAI's API reference. */
import { FETCHED_URL } from './refusal-reasons.ts'
import { onlyInline, refused, type Tally } from './rules.ts'

/** An inline image: counted, worth at most the model's stated maximum. */
export const INLINE_IMAGE = onlyInline(FETCHED_URL, 'data:image/', (tally) => {
  tally.images += 1
})

/** An inline PDF: the only file whose tokens are bounded, by its pages. */
export const INLINE_PDF = onlyInline(
  'only PDF files sent inline have a bound',
  'data:application/pdf;base64,',
  (tally: Tally) => {
    tally.pdfs += 1
  },
)

export const SERVICE_TIER = refused(
  'tiers with prices of their own are refused; `auto` is the tier of the operator, who answers for it',
  'auto',
  'default',
)

export const MODERATION = refused('its cost is not stated')

/** OpenAI's own limit for `n`. */
export const CHOICES_MAX = 128

/** OpenAI states no page limit beside its 50 MB: a bound that few real documents reach, below which the window bounds. */
export const PDF_PAGES_MAX = 1_000
