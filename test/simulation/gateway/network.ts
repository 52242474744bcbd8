/** What stands between a watcher and its node: time, storms, and answers that are not what the node said. */

import { spoil } from '../../support/faults.ts'
import type { RpcNode } from '../chain/node.ts'
import type { Dice } from '../dice.ts'
import type { VirtualTime } from '../virtual-time.ts'

const HOST = 'http://node.simulated/'

/** Where a process asks: each life of one has its own, so that nobody answers the dead. */
export function rpcUrlOf(life: number): string {
  return `${HOST}${life}`
}

type RpcFault =
  | 'error 500'
  | 'rate limit'
  | 'refused'
  | 'answer lost'
  | 'rpc error'
  | 'garbage'
  | 'silence'
  | 'lag'
  | 'doubled'
  | 'shuffled'
  | 'missing'
  | 'no inner instructions'
  | 'hidden'
  | 'dropped transaction'

const FAULTS: readonly RpcFault[] = [
  'error 500',
  'rate limit',
  'refused',
  'answer lost',
  'rpc error',
  'garbage',
  'silence',
  'lag',
  'lag',
  'doubled',
  'shuffled',
  'missing',
  'no inner instructions',
  'hidden',
  'dropped transaction',
]

const SPOILS: Partial<
  Record<RpcFault, 'doubled' | 'shuffled' | 'missing' | 'no_inner_instructions'>
> = {
  doubled: 'doubled',
  shuffled: 'shuffled',
  missing: 'missing',
  'no inner instructions': 'no_inner_instructions',
}

export interface NetworkParts {
  readonly time: VirtualTime
  readonly dice: Dice
  readonly node: RpcNode
  /** Faults in a hundred requests, now. */
  readonly stormPercent: () => number
  /** Whether the node keeps only its newest history. */
  readonly forgetful: () => boolean
  readonly injected: (fault: RpcFault) => void
  readonly isDead: (life: number) => boolean
  /** Where the process of this life may die. */
  readonly effect: (life: number, kind: string) => void
}

/** `fetch` for whoever asks a node; nothing else is on this network. */
export function simulatedFetch(parts: NetworkParts): typeof globalThis.fetch {
  const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
    const url = String(input)
    if (!url.startsWith(HOST)) throw new TypeError(`there is no ${url} here`)
    const life = Number(url.slice(HOST.length))
    parts.effect(life, 'rpc request')
    if (parts.isDead(life)) return new Promise(() => {})
    const { id, method, params } = JSON.parse(String(init?.body)) as Question
    const fault = parts.dice.percent(parts.stormPercent()) ? parts.dice.pick(FAULTS) : null
    if (fault !== null) parts.injected(fault)
    await pause(parts.time, fault === 'silence' ? 600_000 : parts.dice.small(120), init?.signal)
    if (fault === 'refused') throw new TypeError('fetch failed')
    if (fault === 'error 500') return reply('broken', 500)
    if (fault === 'rate limit') return reply('slow down', 429, { 'retry-after': '2' })
    const answer = answerOf(parts, { id, method, params }, fault)
    if (fault === 'answer lost') throw new TypeError('fetch failed')
    if (fault === 'garbage') return reply('<html>bad gateway</html>', 200)
    return reply(JSON.stringify(answer), 200)
  }
  return fetch as typeof globalThis.fetch
}

interface Question {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

function answerOf(
  { node, dice, forgetful }: NetworkParts,
  { id, method, params }: Question,
  fault: RpcFault | null,
): object {
  const head = { jsonrpc: '2.0', id }
  if (fault === 'rpc error') {
    return { ...head, error: { code: -32005, message: 'Node is behind by 42 slots' } }
  }
  const result = node.answer(method, params, {
    forgetful: forgetful(),
    lag: fault === 'lag' ? dice.whole(1, 60) : 0,
    hides: fault === 'hidden' ? () => dice.percent(30) : () => false,
    landsIn: () => (fault === 'dropped transaction' ? null : dice.whole(1, 3)),
  })
  const spoiling = fault === null ? undefined : SPOILS[fault]
  const answer = { ...head, result }
  return spoiling === undefined
    ? answer
    : spoil(spoiling, method, answer, () => dice.whole(0, 99) / 100)
}

/** Rejects when the signal comes first. */
function pause(
  time: VirtualTime,
  ms: number,
  signal: AbortSignal | null | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      timer.close()
      reject(signal?.reason)
    }
    const timer = time.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort)
  })
}

function reply(body: string, status: number, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers })
}
