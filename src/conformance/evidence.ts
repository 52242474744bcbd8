/** What a reader needs to do a broken case again by hand. Pure. */
import type { Answer, Ask, Books } from './target.ts'

const EXCERPT_BYTES = 300
/** Of no use to whoever repeats the request, and nobody else's business. */
const CREDENTIALS = /^(authorization|x-api-key)$/i

/** `POST /v1/… name: value … body`, its credentials left out. */
export function askText({ method, target, headers = {}, body }: Ask): string {
  const named = Object.entries(headers)
    .filter(([name]) => !CREDENTIALS.test(name) && name !== 'content-type')
    .map(([name, value]) => `${name}: ${value}`)
  return [`${method} ${target}`, ...named, ...(body === undefined ? [] : [excerpt(body)])].join(' ')
}

/** `200 {"id":…`, or that there was none. */
export function answerText(answer: Pick<Answer, 'status' | 'bytes'>): string {
  if (answer.status === 0) return 'no answer'
  return `${answer.status} ${excerpt(answer.bytes)}`.trim()
}

export function booksText(books: Books): string {
  return Object.entries(books)
    .map(([name, amount]) => `${name} ${amount}`)
    .join(', ')
}

function excerpt(body: Uint8Array | string): string {
  const text = Buffer.from(body).toString()
  return text.length > EXCERPT_BYTES ? `${text.slice(0, EXCERPT_BYTES)}… (${text.length})` : text
}
