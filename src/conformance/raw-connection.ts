/** A connection to a gateway on which a check says what it likes, as slowly as it likes, and reads when it likes. */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Ask } from './target.ts'

export type RawEnd =
  /** The status line came. */
  | { readonly kind: 'answered'; readonly status: number }
  /** The connection was closed without one. */
  | { readonly kind: 'closed' }
  /** Neither, in the time that was given. */
  | { readonly kind: 'silent' }

export interface RawConnection {
  /** Resolves when the operating system took the bytes, with false where the connection is closed. */
  write(bytes: Uint8Array | string): Promise<boolean>
  /** Reads from now on, what came so far included. Before that nothing is read. */
  read(): void
  /** Bytes that were read. */
  readonly bytesRead: number
  /** Reads, and waits for the status line or the end. */
  answer(boundMs: number): Promise<RawEnd>
  /** Waits for the end of the connection; false where it did not come. */
  closed(boundMs: number): Promise<boolean>
  close(): void
}

/** Rejects where nobody listens. */
export function openRaw(url: string): Promise<RawConnection> {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const isTls = protocol === 'https:'
  return new Promise((resolve, reject) => {
    const at = { host, port: Number(port || (isTls ? 443 : 80)) }
    const socket: Socket = isTls
      ? connectTls({ ...at, servername: host }, opened)
      : connectTcp(at, opened)
    socket.once('error', reject)
    function opened(): void {
      socket.off('error', reject)
      resolve(rawConnection(socket))
    }
  })
}

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/
/** An interim answer is none: what follows it counts. */
const INTERIM = /^HTTP\/1\.[01] 1\d\d[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n/

function rawConnection(socket: Socket): RawConnection {
  let head = ''
  let bytesRead = 0
  let reading = false
  let ended = false
  const wake = new Set<() => void>()
  const woken = (): void => {
    for (const go of wake) go()
  }
  // A cut connection is an end like any other.
  socket.on('error', () => {})
  socket.once('close', () => {
    ended = true
    woken()
  })
  function read(): void {
    if (reading) return
    reading = true
    socket.on('data', (chunk: Buffer) => {
      bytesRead += chunk.length
      if (head.length < HEAD_BYTES) head = (head + chunk.toString('latin1')).replace(INTERIM, '')
      woken()
    })
  }
  async function until<T>(boundMs: number, look: () => T | null): Promise<T | null> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      woken()
    }, boundMs)
    let found = look()
    while (found === null && !late) {
      await new Promise<void>((resolve) => {
        wake.add(resolve)
      })
      wake.clear()
      found = look()
    }
    clearTimeout(timer)
    return found
  }
  return {
    read,
    get bytesRead() {
      return bytesRead
    },
    write: (bytes) =>
      new Promise((resolve) => {
        if (socket.destroyed || socket.writableEnded) return resolve(false)
        const gone = (): void => resolve(false)
        socket.once('close', gone)
        socket.write(bytes, (error) => {
          socket.off('close', gone)
          resolve(error === undefined || error === null)
        })
      }),
    async answer(boundMs) {
      read()
      const end = await until<RawEnd>(boundMs, () => {
        const status = STATUS_LINE.exec(head)?.[1]
        if (status !== undefined) return { kind: 'answered', status: Number(status) }
        return ended ? { kind: 'closed' } : null
      })
      return end ?? { kind: 'silent' }
    },
    async closed(boundMs) {
      read()
      return (await until(boundMs, () => (ended ? true : null))) ?? false
    },
    close: () => socket.destroy(),
  }
}

const HEAD_BYTES = 65_536

/** The head of a request as it goes over the wire; `body` of the ask is not part of it. */
export function rawHead(
  url: string,
  { method, target, headers = {} }: Ask,
  more: Readonly<Record<string, string>>,
): string {
  const lines = Object.entries({ host: new URL(url).host, ...headers, ...more })
  return [`${method} ${target} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)]
    .map((line) => `${line}\r\n`)
    .join('')
    .concat('\r\n')
}
