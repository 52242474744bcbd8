import { expect, test, vi } from 'vitest'
import { Alarm } from '../../watcher/alarm.ts'

const LONG_MS = 3_600_000

test('a ring ends a wait, and one that came before it began', async () => {
  const alarm = new Alarm()
  const wait = alarm.wait(LONG_MS, true)
  alarm.ring()
  await wait
  alarm.ring()
  await alarm.wait(LONG_MS, true)
})

test('a ring does not shorten a backoff and is heard after it', async () => {
  vi.useFakeTimers()
  const alarm = new Alarm()
  let ended = false
  const backoff = alarm.wait(1_000, false).then(() => {
    ended = true
  })
  alarm.ring()
  await vi.advanceTimersByTimeAsync(999)
  expect(ended).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await backoff
  await alarm.wait(LONG_MS, true)
  vi.useRealTimers()
})

test('closing ends every wait', async () => {
  const alarm = new Alarm()
  const waits = [alarm.wait(LONG_MS, false)]
  alarm.close()
  await Promise.all([...waits, alarm.wait(LONG_MS, false), alarm.wait(LONG_MS, true)])
})
