/** The clients of a soak: so many streams at once, each followed to where its course ends. */
import { type Dispatcher, Pool } from 'undici'
import type { ServedGateway } from '../support/served-gateway.ts'
import { type Course, courseOf } from './courses.ts'

const TARGET = '/v1/chat/completions'
/** One of so many streams is signed; the others carry a session's token. */
const SIGNED_ONE_IN = 16
/** How many characters a client that leaves has read: some five pieces. */
const LEAVES_AFTER = 1_000

export interface Sent {
  readonly streams: number
  /** Streams that ended as their course has it, by course. */
  readonly ended: Readonly<Record<string, number>>
}

/** Sends streams number `from` to `to` (exclusive). Rejects where one does not end as it should. */
export async function sendStreams(
  gateway: ServedGateway,
  tokens: readonly string[],
  { from, to, atOnce }: { readonly from: number; readonly to: number; readonly atOnce: number },
  onStream: () => void,
): Promise<Sent> {
  const pool = new Pool(gateway.url, { connections: atOnce, pipelining: 1 })
  const ended: Record<string, number> = {}
  let next = from
  async function client(): Promise<void> {
    while (next < to) {
      const index = next++
      const course = courseOf(index)
      await follow(pool, gateway, tokens, index, course)
      ended[course] = (ended[course] ?? 0) + 1
      onStream()
    }
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, client))
  } finally {
    await pool.destroy()
  }
  return { streams: to - from, ended }
}

async function follow(
  pool: Pool,
  { agents }: ServedGateway,
  tokens: readonly string[],
  index: number,
  course: Course,
): Promise<void> {
  const body = JSON.stringify({
    model: 'gpt-4o-mini',
    max_tokens: 64,
    stream: true,
    messages: [{ role: 'user', content: `course:${course}` }],
  })
  const who = index % agents.length
  const isSigned = index % SIGNED_ONE_IN === 0
  const credentials: Record<string, string> = isSigned
    ? (agents[who]?.sign(TARGET, { method: 'POST', body }) ?? {})
    : { authorization: `Bearer ${tokens[who]}` }
  const headers = { 'content-type': 'application/json', ...credentials }
  const answer = await pool.request({ path: TARGET, method: 'POST', headers, body })
  if (answer.statusCode !== 200) {
    throw new Error(`stream ${index} (${course}): ${answer.statusCode} ${await answer.body.text()}`)
  }
  const { isWhole, text } = await read(answer.body, course)
  const isRight = course === 'completed' ? isWhole && text.endsWith('data: [DONE]\n\n') : true
  if (!isRight) throw new Error(`stream ${index} (${course}) ended with ${text.slice(-200)}`)
}

async function read(body: Dispatcher.ResponseData['body'], course: Course) {
  let text = ''
  try {
    for await (const chunk of body) {
      text += String(chunk)
      // Leaving a loop over a body closes its connection.
      if (course === 'client_leaves' && text.length > LEAVES_AFTER) break
    }
  } catch (error) {
    if (course === 'completed') throw error
    return { isWhole: false, text }
  }
  return { isWhole: true, text }
}
