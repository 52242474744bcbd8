/** Server-sent events, written and read. Source: WHATWG HTML, "Server-sent events". */
import type { StreamEvent } from './wire-format.ts'

export interface EventSpelling {
  readonly newline: '\n' | '\r\n'
  /** Whether the last event has its blank line; without it not even its last line ends. */
  readonly lastLineEnds: boolean
}

const PLAIN_SPELLING: EventSpelling = { newline: '\n', lastLineEnds: true }

/** The bytes of a stream. */
export function writeEvents(
  events: readonly StreamEvent[],
  { newline, lastLineEnds }: EventSpelling = PLAIN_SPELLING,
): Buffer {
  const written = events.map(({ name, data }) => {
    const lines = [
      ...(name === null ? [] : [`event: ${name}`]),
      ...data.split('\n').map((line) => `data: ${line}`),
    ]
    return lines.join(newline)
  })
  const blank = `${newline}${newline}`
  return Buffer.from(written.join(blank) + (lastLineEnds ? blank : ''))
}

/** The events of a whole stream, as a client reads them. One that lacks its blank line counts, comments do not. */
export function readEvents(bytes: Uint8Array): StreamEvent[] {
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
  return text
    .split(/\r\n\r\n|\n\n|\r\r/)
    .map((block) => block.split(/\r\n|\n|\r/))
    .flatMap((lines) => {
      const data = lines.flatMap((line) => fieldOf(line, 'data') ?? [])
      const name = lines.flatMap((line) => fieldOf(line, 'event') ?? []).at(-1) ?? null
      return data.length === 0 && name === null ? [] : [{ name, data: data.join('\n') }]
    })
}

function fieldOf(line: string, field: string): string | null {
  if (line === field) return ''
  if (!line.startsWith(`${field}:`)) return null
  const value = line.slice(field.length + 1)
  return value.startsWith(' ') ? value.slice(1) : value
}
