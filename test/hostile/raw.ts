/** Connections as hostile clients open them: bytes in, bytes out, nothing helpful between. */
import { connect, type Socket } from 'node:net'
import type { ServedGateway } from '../support/served-gateway.ts'

export const CALL = '/v1/chat/completions'
const CHAT = JSON.stringify({
  model: 'gpt-4o-mini',
  max_tokens: 16,
  messages: [{ role: 'user', content: 'Are you still there?' }],
})

/** Looks like a signed request until somebody verifies it, which takes the whole body. */
export const BADLY_SIGNED = [
  'x-agent-pubkey: 9C6hybhQ6Aycep9jaUnP6uL9ZYvDjUp1aSkFWPUFJtpj',
  'x-agent-nonce: 0123456789abcdef',
  'x-agent-issued-at: 2026-11-21T12:00:00.000Z',
  `x-agent-signature: ${'A'.repeat(86)}==`,
]

export interface Raw {
  readonly socket: Socket
  /** Everything that came back so far. */
  text(): string
  /** Resolves with it once the other side has closed. */
  readonly closed: Promise<string>
  /** Resolves when the bytes are with the kernel, or nobody takes them any more. */
  send(bytes: string | Uint8Array): Promise<void>
}

/** Connects, and says the request line and these headers; `unfinished`: without the line that ends them. */
export async function open(
  url: string,
  target: string,
  headers: readonly string[],
  end: 'finished' | 'unfinished' = 'finished',
): Promise<Raw> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const parts: Buffer[] = []
  const text = (): string => Buffer.concat(parts).toString()
  socket.on('data', (chunk: Buffer) => parts.push(chunk))
  // Whoever is cut off while it floods sees a reset.
  socket.on('error', () => {})
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text())))
  const send = (bytes: string | Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      if (socket.destroyed || !socket.writable) return resolve()
      socket.write(bytes, () => resolve())
    })
  const lines = [`POST ${target} HTTP/1.1`, 'host: a', ...headers, '']
  await send(lines.join('\r\n') + (end === 'finished' ? '\r\n' : ''))
  return { socket, text, closed, send }
}

/** Sends a body of so many bytes in HTTP chunks of `chunkBytes` each; its end only where asked for. */
export async function sendChunks(raw: Raw, bytes: number, chunkBytes: number, end = false) {
  const chunk = `${chunkBytes.toString(16)}\r\n${'x'.repeat(chunkBytes)}\r\n`
  const perPacket = Math.max(1, Math.floor(65_536 / chunk.length))
  const packet = Buffer.from(chunk.repeat(perPacket))
  for (let sent = 0; sent < bytes && !raw.socket.destroyed; sent += perPacket * chunkBytes) {
    await raw.send(packet)
  }
  if (end) await raw.send('0\r\n\r\n')
}

/** Of an honest agent, while and after others misbehave. */
export async function balanceOf({ url, agents }: ServedGateway) {
  const target = '/v1/balance'
  const response = await fetch(url + target, { headers: agents[0]?.sign(target) ?? {} })
  return (await response.json()) as { readonly available: string; readonly held: string }
}

/** The status of an honest call. */
export async function honestCall({ url, agents }: ServedGateway): Promise<number> {
  const headers = agents[0]?.sign(CALL, { method: 'POST', body: CHAT }) ?? {}
  const response = await fetch(url + CALL, { method: 'POST', headers, body: CHAT })
  await response.arrayBuffer()
  return response.status
}
