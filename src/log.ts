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

/**
 * A log at `level` (one of pino's, or `silent`); `destination` defaults to stderr, gathered. Amounts may be bigint: they
 * are written as decimal strings.
 */
export function createLog(level: string, destination: DestinationStream = gatheredStderr()): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const logger = pino(options, destination)
  return {
    info: (fields, message) => logger.info(withDecimalStrings(fields), message),
    warn: (fields, message) => logger.warn(withDecimalStrings(fields), message),
    error: (fields, message) => logger.error(withDecimalStrings(fields), message),
  }
}

/** How late a line may be. */
const GATHER_MS = 50
/** Written at once when so many characters wait. */
const GATHERED_MAX = 16_384

/** Under load a line is written together with its neighbours; what waits is written when the process ends by itself. */
function gatheredStderr(): DestinationStream {
  const stderr = pino.destination({ dest: 2, sync: true })
  let waiting = ''
  let timer: NodeJS.Timeout | null = null
  function write(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const lines = waiting
    waiting = ''
    if (lines !== '') stderr.write(lines)
  }
  process.once('exit', () => {
    write()
    stderr.flushSync()
  })
  return {
    write(line) {
      waiting += line
      if (waiting.length >= GATHERED_MAX) write()
      else timer ??= setTimeout(write, GATHER_MS).unref()
    },
  }
}

function withDecimalStrings(fields: Fields): Fields {
  for (const name in fields) if (typeof fields[name] === 'bigint') return stringified(fields)
  return fields
}

function stringified(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? value.toString() : value,
    ]),
  )
}
