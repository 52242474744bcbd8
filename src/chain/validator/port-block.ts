/** Claims a block of ports for one validator, so that several on one machine never meet. */
import { createServer, type Server } from 'node:net'

/** Below the range that systems hand out to clients (from 32768), so that no outgoing connection takes one. */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000
const BLOCK_SIZE = 48

export interface PortBlock {
  /** Ports `first` to `last` are free and nobody else of ours takes them until `release`. */
  readonly first: number
  readonly last: number
  release(): Promise<void>
}

function listen(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.unref()
    server.once('error', () => resolve(null))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

async function allFree(first: number, last: number): Promise<boolean> {
  for (let port = first; port <= last; port += 1) {
    const server = await listen(port)
    if (server === null) return false
    await close(server)
  }
  return true
}

/**
 * Finds a block of free ports. Its first port is held open as a guard for as long as the block is in use: who else
 * looks for a block fails on the guard and goes on to the next. Throws when every block is taken.
 */
export async function claimPortBlock(): Promise<PortBlock> {
  for (let guardPort = FIRST_PORT; guardPort + BLOCK_SIZE <= LAST_PORT; guardPort += BLOCK_SIZE) {
    const guard = await listen(guardPort)
    if (guard === null) continue
    const first = guardPort + 1
    const last = guardPort + BLOCK_SIZE - 1
    if (await allFree(first, last)) return { first, last, release: () => close(guard) }
    await close(guard)
  }
  throw new Error(`no ${BLOCK_SIZE} free ports between ${FIRST_PORT} and ${LAST_PORT}`)
}
