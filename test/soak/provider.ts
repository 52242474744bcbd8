/** The provider of a soak, in a process of its own: it streams what a call's message tells it to, piece by piece. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chatStream } from '../support/provider.ts'
import type { Course } from './courses.ts'

/** Pieces of a stream before the usage. */
const PIECES = 24
/** Where a provider that fails does so. */
const CUT_AFTER = 12

const EVENTS = chatStream(Array.from({ length: PIECES }, () => 'word '.repeat(12)))

async function stream(response: ServerResponse, course: Course): Promise<void> {
  const events = course === 'completed' ? EVENTS : EVENTS.slice(0, CUT_AFTER)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) {
    if (response.destroyed) return
    if (!response.write(event))
      await Promise.race([once(response, 'drain'), once(response, 'close')])
    // A piece a turn: each leaves as a packet of its own.
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (course === 'completed') response.end()
  if (course === 'provider_cuts') response.destroy()
  // Whoever idles says no more; the other courses end where the client or the gateway does.
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.once('end', () => {
    const text = Buffer.concat(chunks).toString()
    const course = /"course:(\w+)"/.exec(text)?.[1] ?? 'completed'
    void stream(response, course as Course)
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.((server.address() as AddressInfo).port)
process.once('disconnect', () => process.exit())
