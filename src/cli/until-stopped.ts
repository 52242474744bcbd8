/** How long-running commands end: a signal, then an orderly close. */

/** Waits for SIGTERM or SIGINT; a second one ends the process at once. */
export async function untilStopped(): Promise<void> {
  const { promise, resolve } = withResolver()
  process.once('SIGTERM', resolve)
  process.once('SIGINT', resolve)
  await promise
  process.off('SIGTERM', resolve)
  process.off('SIGINT', resolve)
}

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
