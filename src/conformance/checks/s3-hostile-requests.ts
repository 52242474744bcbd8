/** S3, what is around a body: methods, heads and framings that are none, floods, and requests that never end. */
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import { answerText } from '../evidence.ts'
import {
  bodyScript,
  callWith,
  needsProvider,
  plainCall,
  providerOf,
  type Served,
  served,
  stands,
  working,
} from '../played-calls.ts'
import { openRaw, type RawConnection, type RawEnd, rawHead } from '../raw-connection.ts'
import type { Ask } from '../target.ts'

const ANSWER_MS_MAX = 30_000
const BODY_BYTES = 104_857_600
const FLOOD_HEADERS = 10_000
const SLOW_CONNECTIONS = 200
/** A call beside slow connections; generous, for a busy machine. */
const BESIDE_SLOW_MS_MAX = 10_000
/** What servers give a head by their own defaults is a minute at most. */
const SLOW_HEAD_MS_MAX = 90_000

export const hostileRequests: Check = {
  property: 'S3',
  title: 'requests that are none',
  applicable: needsProvider,
  async run(site) {
    const [format] = await working(site, served(site.target))
    if (format === undefined) return
    const before = await site.target.money?.books()
    await checkMethods(site, format)
    for (const { name, send } of RAW) await checkRaw(site, format, name, send)
    const after = await site.target.money?.books()
    if (before !== undefined) {
      const outcome = after?.spent === before.spent ? HELD : broken('spent has changed')
      site.report('nothing is debited for requests that are none', outcome)
    }
    await checkSlowHeads(site, format)
  },
}

async function checkMethods(site: CheckSite, { wire }: Served): Promise<void> {
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
    const answer = await site.target.send({ method, target: wire.path })
    const isRefused = answer.status >= 400 && answer.status < 500
    const name = `${method} ${wire.path}`
    site.report(name, isRefused ? HELD : broken(`answered ${answerText(answer)}`))
  }
}

type Send = (connection: RawConnection, url: string, ask: Ask) => Promise<void>

const bodyOf = ({ body = '' }: Ask): Buffer => Buffer.from(body)

/** Each must end in a 4xx or a closed connection. */
const RAW: readonly { readonly name: string; readonly send: Send }[] = [
  {
    name: 'bytes that are no HTTP',
    async send(connection) {
      await connection.write(Buffer.from([0, 1, 2, 0xff, 0x0d, 0x0a, 0x0d, 0x0a]))
    },
  },
  {
    name: 'a length that is no number',
    async send(connection, url, ask) {
      await connection.write(rawHead(url, ask, { 'content-length': 'many' }))
      await connection.write(bodyOf(ask))
    },
  },
  {
    name: 'two framings at once',
    async send(connection, url, ask) {
      const both = { 'content-length': '4', 'transfer-encoding': 'chunked' }
      await connection.write(rawHead(url, ask, both))
      const body = bodyOf(ask)
      await connection.write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)
    },
  },
  {
    name: 'a chunk whose length is no number',
    async send(connection, url, ask) {
      await connection.write(rawHead(url, ask, { 'transfer-encoding': 'chunked' }))
      await connection.write('xyz\r\n{}\r\n0\r\n\r\n')
    },
  },
  {
    name: `${FLOOD_HEADERS} headers`,
    async send(connection, url, ask) {
      const flood = Array.from({ length: FLOOD_HEADERS }, (_, at) => [`x-flood-${at}`, 'x'])
      const length = { 'content-length': String(bodyOf(ask).length) }
      await connection.write(rawHead(url, ask, { ...Object.fromEntries(flood), ...length }))
      await connection.write(bodyOf(ask))
    },
  },
  {
    name: 'a header of 1 MB',
    async send(connection, url, ask) {
      const length = String(bodyOf(ask).length)
      const long = { 'x-long': 'x'.repeat(1_048_576), 'content-length': length }
      await connection.write(rawHead(url, ask, long))
      await connection.write(bodyOf(ask))
    },
  },
  { name: 'a body of 100 MB', send: sendHuge },
]

/** The call's own body, its prompt made longer with spaces until it has 100 MB. */
async function sendHuge(connection: RawConnection, url: string, ask: Ask): Promise<void> {
  const body = bodyOf(ask)
  const at = body.indexOf(' Say')
  await connection.write(rawHead(url, ask, { 'content-length': String(BODY_BYTES) }))
  connection.read()
  await connection.write(body.subarray(0, at))
  const block = Buffer.alloc(1_048_576, ' ')
  let left = BODY_BYTES - body.length
  for (; left > 0; left -= block.length) {
    if (!(await connection.write(block.subarray(0, Math.min(left, block.length))))) return
  }
  await connection.write(body.subarray(at))
}

async function checkRaw(site: CheckSite, format: Served, name: string, send: Send): Promise<void> {
  const { target } = site
  const error = { type: 'invalid_request_error', message: 'Refused.', param: null, code: null }
  const play = providerOf(site).play(bodyScript({ type: 'error', error }, 413))
  const ask = await target.signed(callWith(format, play.marker, { stream: false }))
  const connection = await openRaw(target.url)
  connection.read()
  const sent = send(connection, target.url, ask)
  const end = await connection.answer(ANSWER_MS_MAX)
  connection.close()
  await sent
  play.end()
  const wrong = isRefusal(end) ? await stands(site) : describe(end)
  site.report(name, wrong === null ? HELD : broken(wrong))
}

function isRefusal(end: RawEnd): boolean {
  return end.kind === 'closed' || (end.kind === 'answered' && end.status >= 400 && end.status < 500)
}

function describe(end: RawEnd): string {
  return end.kind === 'answered'
    ? `answered with status ${end.status}`
    : `no answer within ${ANSWER_MS_MAX / 1_000} s, and the connection stayed open`
}

/** Heads that never end must not keep others waiting, nor their connections for ever. */
async function checkSlowHeads(site: CheckSite, format: Served): Promise<void> {
  const { target } = site
  const opened = Array.from({ length: SLOW_CONNECTIONS }, () => openRaw(target.url))
  const slow = await Promise.all(opened)
  const [half = ''] = rawHead(target.url, { method: 'POST', target: format.wire.path }, {}).split(
    '\r\n\r\n',
  )
  await Promise.all(slow.map((connection) => connection.write(`${half}\r\nx-slow: `)))
  const start = site.now()
  const { status } = await plainCall(site, format)
  const took = site.now() - start
  site.report(
    `a call beside ${SLOW_CONNECTIONS} heads that do not end`,
    status === 200 && took <= BESIDE_SLOW_MS_MAX
      ? HELD
      : broken(`answered ${status} after ${took} ms`),
  )
  if (site.depth === 'whole') await checkTrickle(site, slow[0])
  for (const connection of slow) connection.close()
}

/** A letter a second keeps a connection busy; the head does not end all the same. */
async function checkTrickle(site: CheckSite, connection: RawConnection | undefined): Promise<void> {
  if (connection === undefined) return
  const start = site.now()
  let open = true
  while (open && site.now() - start < SLOW_HEAD_MS_MAX) {
    open = (await connection.write('x')) && !(await connection.closed(1_000))
  }
  site.report(
    'a head that gets a letter a second',
    open
      ? broken(`after ${SLOW_HEAD_MS_MAX / 1_000} s the gateway still waited for its end`)
      : HELD,
  )
}
