/** Rules that OpenAI's chat and Responses formats share. Source: wire contract, "Calls"; OpenAI's API reference. */
import { oneOf, onlyInline, refused, type Tally } from './rules.ts'

export const STORED_AT_PROVIDER =
  'it names something stored at the provider, which has no bound and would be shared between agents'
export const HOSTED_TOOL = 'a hosted tool costs more than tokens and its use has no bound'
export const FETCHED_URL =
  'what the provider would fetch from a URL has no bound; send it inline as a data: URL'
export const AUDIO = 'audio tokens have prices of their own, which are not sold here'
export const UNSTATED_PROMPT = 'the provider states no bound for the prompt that this tool adds'
export const SERVER_TURNS = 'it lets the provider run further turns, whose input is billed again'

/** An inline image: counted, worth at most the model's stated maximum. */
export const INLINE_IMAGE = onlyInline(FETCHED_URL, 'data:image/', (tally) => {
  tally.images += 1
})

/** An inline PDF: the only file whose tokens are bounded, by its pages. */
export const INLINE_PDF = onlyInline(
  'only PDF files sent inline (data:application/pdf;base64,…) have a bound',
  'data:application/pdf;base64,',
  (tally: Tally) => {
    tally.pdfs += 1
  },
)

export const SERVICE_TIER = oneOf(
  'tiers with prices of their own are refused; `auto` is the tier of the operator, who answers for it',
  'auto',
  'default',
)

export const MODERATION = refused('its cost is not stated')

/** OpenAI's own limit for `n`. */
export const CHOICES_MAX = 128

/** OpenAI states no page limit beside its 50 MB: a bound that few real documents reach, below which the window bounds. */
export const PDF_PAGES_MAX = 1_000
