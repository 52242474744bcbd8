import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import { chatStream, streamReply } from '../support/provider.ts'

const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], stream: true }
const WARM_UP_STREAMS = 600
const STREAMS = 600
const AT_ONCE = 20
/** A nonce that is remembered for three minutes, and the noise of the heap; a stream that is kept costs three times as much. */
const LEFT_BY_A_STREAM_BYTES = 4_000

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

test('S1: streams that have ended leave nothing behind', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000_000n)
  const events = chatStream(Array.from({ length: 20 }, () => 'word '.repeat(40)))
  async function stream(count: number): Promise<void> {
    for (let done = 0; done < count; done += AT_ONCE) {
      gateway.provider.will(...Array.from({ length: AT_ONCE }, () => streamReply(events)))
      const calls = Array.from({ length: AT_ONCE }, async () => {
        const response = await agent.post('/v1/chat/completions', CHAT)
        expect((await response.text()).length).toBeGreaterThan(4_000)
      })
      await Promise.all(calls)
    }
  }
  /** What lives now, without what the test itself keeps of every call. */
  function heapBytes(): number {
    gateway.log.length = 0
    gateway.provider.seen.length = 0
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  await stream(WARM_UP_STREAMS)
  const before = heapBytes()
  await stream(STREAMS)
  expect((heapBytes() - before) / STREAMS).toBeLessThan(LEFT_BY_A_STREAM_BYTES)
})
