/** A watcher that dies after every RPC call that it makes; another takes its place each time. */
import type { Watcher, WatcherStatus } from '../../watcher/start-watcher.ts'
import type { FaultyRpc } from './faulty-rpc.ts'

/**
 * The first life lasts one call, the next two, and so on until one comes to the end of a sweep; then a life of one call
 * begins the round again. So sweeps are broken off behind each of their calls for as long as a scenario lasts. A chain
 * that is refused ends the succession.
 */
export function restartAfterEveryCall(proxy: FaultyRpc, begin: () => Watcher): Watcher {
  let stopping = false
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  let exhausted = proxy.allow(1)
  let current = begin()
  /** What the last life that came to the end of a sweep said of itself. */
  let swept: WatcherStatus | null = null

  async function live(onStart: () => void, onRefusal: (reason: Error) => void): Promise<void> {
    for (let calls = 1; !stopping; ) {
      const refused = new Promise<void>((resolve) => {
        current.started.then(onStart, (reason) => {
          if (current.status().state !== 'refused') return
          onRefusal(reason)
          resolve()
        })
      })
      await Promise.race([exhausted, refused, stopped])
      const status = current.status()
      if (status.state === 'refused') break
      const complete = status.sweptAt !== null
      if (complete) swept = status
      await current.stop()
      calls = complete ? 1 : calls + 1
      exhausted = proxy.allow(calls)
      if (!stopping) current = begin()
    }
    proxy.allowAll()
  }

  let done: Promise<void> = stopped
  const started = new Promise<void>((resolve, reject) => {
    done = live(resolve, reject)
  })
  // Whoever does not wait for it reads the refusal in the status.
  started.catch(() => {})

  return {
    started,
    wake: () => current.wake(),
    /** As one who looks from outside sees it: the last whole sweep, and what fails now. */
    status() {
      const now = current.status()
      if (swept === null || now.sweptAt !== null) return now
      return { ...swept, lastError: now.lastError }
    },
    async stop() {
      stopping = true
      stop()
      await done
      await current.stop()
    },
  }
}
