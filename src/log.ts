/**
 * The one place that knows the logger: JSON lines on stderr, one event a line.
 * Callers pass ids, codes, counts and amounts; never a secret, token, prompt or signature.
 */
import { type DestinationStream, pino } from 'pino'

type Fields = Readonly<Record<string, unknown>>

/** What the rest of the system may do with a log. */
export interface Log {
  info(fields: Fields, message: string): void
  warn(fields: Fields, message: string): void
  error(fields: Fields, message: string): void
}

/** A log at `level` (one of pino's, or `silent`); `destination` defaults to stderr. Amounts may be bigint: they are written as decimal strings. */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => withDecimalStrings(fields),
    },
  }
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }))
}

function withDecimalStrings(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? value.toString() : value,
    ]),
  )
}
