/** What networks, rate limits and load balancers do to answers, drawn from a seed so that a run can be had again. */

export interface Faults {
  /** Draws the next fault; null lets the request through untouched. */
  next(method: string, params: unknown): Fault | null
  /** Draws whether a WebSocket message is lost, doubled, or the last of its connection. */
  nextMessage(): 'lost' | 'doubled' | 'cut' | null
  /** What a 429 asks for. */
  readonly retryAfterSeconds: number
}

export type Fault =
  | 'error_500'
  | 'rate_limit'
  | 'refused'
  | 'answer_dropped'
  | 'rpc_error'
  | 'garbage'
  | 'stale'
  | 'doubled'
  | 'shuffled'
  | 'missing'
  | 'no_inner_instructions'
  | 'only_newest'
  | 'request_of_a_fork'

const FAULTS: readonly Fault[] = [
  'error_500',
  'rate_limit',
  'refused',
  'answer_dropped',
  'rpc_error',
  'garbage',
  'stale',
  'stale',
  'doubled',
  'shuffled',
  'shuffled',
  'missing',
  'no_inner_instructions',
]
/** Everything works. */
export const NONE: Faults = { next: () => null, nextMessage: () => null, retryAfterSeconds: 0 }

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Faults at `rate` of the requests, from a seed. */
export function seededFaults(seed: number, rate: number): Faults {
  const random = seededRandom(seed)
  const pick = <T>(from: readonly T[]): T | null => from[Math.floor(random() * from.length)] ?? null
  return {
    next: () => (random() < rate ? pick(FAULTS) : null),
    nextMessage: () => (random() < rate * 2 ? pick(['lost', 'doubled', 'cut'] as const) : null),
    retryAfterSeconds: 0,
  }
}

export interface Answer {
  result?: unknown
}

type Row = { slot: number }
type StoredAccount = { data: [string, string] }

const VAULT_BYTES = 129
const DEPOSITED_AT = 72
const PENDING_AT = 104

/** A vault as if its agent had asked for all of it, on a fork that nobody else knows. */
function requestAll(account: StoredAccount | null): StoredAccount | null {
  if (account === null) return null
  const data = Buffer.from(account.data[0], 'base64')
  if (data.length !== VAULT_BYTES) return account
  data.copy(data, PENDING_AT, DEPOSITED_AT, DEPOSITED_AT + 8)
  return { ...account, data: [data.toString('base64'), 'base64'] }
}

/** Changes an answer the way a fault of its content does. */
export function spoil(fault: Fault, method: string, answer: Answer, random: () => number): Answer {
  const { result } = answer
  if (method === 'getSignaturesForAddress' && Array.isArray(result)) {
    const rows: Row[] = result
    if (fault === 'doubled') return { ...answer, result: rows.flatMap((row) => [row, row]) }
    // Newest slot first still, in any order within a slot.
    if (fault === 'shuffled') {
      const keyed = rows.map((row) => ({ row, key: random() }))
      keyed.sort((a, b) => b.row.slot - a.row.slot || a.key - b.key)
      return { ...answer, result: keyed.map(({ row }) => row) }
    }
    // A node that keeps little history.
    if (fault === 'only_newest') return { ...answer, result: rows.slice(0, 1) }
    // A node that the continuation leads to and that does not know where to continue.
    if (fault === 'missing') return { ...answer, result: [] }
  }
  if (method === 'getMultipleAccounts' && fault === 'request_of_a_fork') {
    const { value, ...rest } = result as { value: readonly (StoredAccount | null)[] }
    return { ...answer, result: { ...rest, value: value.map(requestAll) } }
  }
  if (method === 'getTransaction' && result !== null) {
    if (fault === 'missing') return { ...answer, result: null }
    if (fault === 'no_inner_instructions') {
      const { meta, ...rest } = result as { meta: object }
      return { ...answer, result: { ...rest, meta: { ...meta, innerInstructions: null } } }
    }
  }
  return answer
}
