/** The bounds of a page, as `?limit=` and a cursor ask for it. */
import { type Refusal, refusal } from '../errors.ts'

const PAGE = 50
const PAGE_MAX = 500

export type Page =
  /** `cursor` is null where none was sent. */
  | { readonly kind: 'page'; readonly limit: number; readonly cursor: number | null }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Reads the query; `cursorName` is what the list calls its cursor. Empty counts as not sent. */
export function readPage(query: (name: string) => string | undefined, cursorName: string): Page {
  const limit = wholeNumber(query('limit')) ?? PAGE
  if (Number.isNaN(limit) || limit < 1 || limit > PAGE_MAX) {
    const message = `limit is not 1 to ${PAGE_MAX}.`
    return { kind: 'refused', refusal: refusal('invalid_request', message, 'limit') }
  }
  const cursor = wholeNumber(query(cursorName))
  if (Number.isNaN(cursor)) {
    const message = `${cursorName} is not one of this list.`
    return { kind: 'refused', refusal: refusal('invalid_request', message, cursorName) }
  }
  return { kind: 'page', limit, cursor }
}

/** Null where nothing was sent; NaN where it is no whole number. */
function wholeNumber(text: string | undefined): number | null {
  if (text === undefined || text === '') return null
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}
