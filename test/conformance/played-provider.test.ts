// The played provider speaks what the providers' own SDKs read, and does what a script says.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { expect, onTestFinished, test } from 'vitest'
import type { PlayedProvider, Script } from '../../src/conformance/play.ts'
import { bodyScript, PLAIN_COUNTS, streamScript } from '../../src/conformance/played-calls.ts'
import { startPlayedProvider } from '../../src/conformance/played-provider.ts'
import { anthropicMessages } from '../../src/conformance/provider/anthropic-messages.ts'
import { readEvents, writeEvents } from '../../src/conformance/provider/event-stream.ts'
import { STREAM_FORMATS } from '../../src/conformance/provider/formats.ts'
import { openAiChat } from '../../src/conformance/provider/openai-chat.ts'
import { openAiEmbeddings } from '../../src/conformance/provider/openai-embeddings.ts'
import { openAiResponses } from '../../src/conformance/provider/openai-responses.ts'
import type { StreamFormat, WireFormat } from '../../src/conformance/provider/wire-format.ts'

const PIECES = ['Zürich ☃', ' 𝄞.']
const TEXT = PIECES.join('')

async function start(): Promise<PlayedProvider> {
  const provider = await startPlayedProvider({ port: 0, runId: 'tests', now: Date.now })
  onTestFinished(() => provider.close())
  return provider
}

const bodyOf = (wire: WireFormat): Script =>
  bodyScript(wire.body({ text: TEXT, usage: wire.usage(PLAIN_COUNTS) }))

const streamOf = (wire: StreamFormat): Script =>
  streamScript(
    wire
      .events({ pieces: PIECES, usage: wire.usage(PLAIN_COUNTS) })
      .map((event) => writeEvents([event])),
  )

test("OpenAI's SDK reads chat completions, whole and streamed", async () => {
  const provider = await start()
  const client = new OpenAI({ apiKey: 'unused', baseURL: `${provider.url}/v1`, maxRetries: 0 })
  const ask = (marker: string) => ({
    model: 'm',
    messages: [{ role: 'user' as const, content: marker }],
  })
  const whole = await client.chat.completions.create(ask(provider.play(bodyOf(openAiChat)).marker))
  expect(whole.choices[0]?.message.content).toBe(TEXT)
  expect(whole.usage?.total_tokens).toBe(23)
  const { marker } = provider.play(streamOf(openAiChat))
  const stream = client.chat.completions.stream({
    ...ask(marker),
    stream_options: { include_usage: true },
  })
  const completion = await stream.finalChatCompletion()
  expect(completion.choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: TEXT },
  })
  expect((await stream.totalUsage()).prompt_tokens).toBe(16)
})

test("OpenAI's SDK reads Responses, whole and streamed, and embeddings", async () => {
  const provider = await start()
  const client = new OpenAI({ apiKey: 'unused', baseURL: `${provider.url}/v1`, maxRetries: 0 })
  const { marker: input } = provider.play(bodyOf(openAiResponses))
  const whole = await client.responses.create({ model: 'm', input })
  expect(whole.output_text).toBe(TEXT)
  const { marker } = provider.play(streamOf(openAiResponses))
  const streamed = await client.responses.stream({ model: 'm', input: marker }).finalResponse()
  expect(streamed).toMatchObject({ status: 'completed', usage: { total_tokens: 23 } })
  expect(streamed.output).toMatchObject([{ content: [{ type: 'output_text', text: TEXT }] }])
  const embedded = await client.embeddings.create({
    model: 'm',
    input: provider.play(bodyOf(openAiEmbeddings)).marker,
  })
  expect(embedded.data[0]?.embedding).toEqual([0, 1, -2])
  expect(embedded.usage.prompt_tokens).toBe(16)
})

test("Anthropic's SDK reads messages, whole and streamed", async () => {
  const provider = await start()
  const client = new Anthropic({ apiKey: 'unused', baseURL: provider.url, maxRetries: 0 })
  const ask = (content: string) => ({
    model: 'm',
    max_tokens: 9,
    messages: [{ role: 'user' as const, content }],
  })
  const { marker } = provider.play(bodyOf(anthropicMessages))
  const whole = await client.messages.create(ask(marker))
  expect(whole).toMatchObject({ content: [{ text: TEXT }], usage: { cache_read_input_tokens: 5 } })
  const streamed = client.messages.stream(ask(provider.play(streamOf(anthropicMessages)).marker))
  const message = await streamed.finalMessage()
  expect(message).toMatchObject({
    stop_reason: 'end_turn',
    content: [{ type: 'text', text: TEXT }],
    usage: { input_tokens: 11, output_tokens: 7 },
  })
})

test.each(STREAM_FORMATS)('$format: what is written is what is read, in every spelling', (wire) => {
  const events = wire.events({ pieces: PIECES, usage: wire.usage(PLAIN_COUNTS) })
  for (const newline of ['\n', '\r\n'] as const) {
    for (const lastLineEnds of [true, false]) {
      const read = readEvents(writeEvents(events, { newline, lastLineEnds }))
      expect(read).toEqual(events)
    }
  }
  const reading = wire.readEvents(events)
  expect(reading).toMatchObject({ text: TEXT, ended: true, failed: false })
  expect(wire.readEvents([wire.failure()])).toMatchObject({ ended: false, failed: true })
  const body = wire.body({ text: TEXT, usage: wire.usage(PLAIN_COUNTS) })
  expect(wire.readBody(body)).toMatchObject({ text: TEXT, ended: true, failed: false })
})

test('an answer waits, goes on, and is cut where the script says so', async () => {
  const provider = await start()
  const [one, two] = [new Uint8Array([1]), new Uint8Array([2])]
  const play = provider.play({
    status: 200,
    headers: {},
    acts: [
      { kind: 'write', bytes: one },
      { kind: 'wait' },
      { kind: 'write', bytes: two },
      { kind: 'cut' },
    ],
  })
  const response = await ask(provider, play.marker)
  const reader = response.body?.getReader()
  expect(await reader?.read()).toMatchObject({ value: one })
  expect(play.bytesTaken).toBe(1)
  play.go()
  expect(await reader?.read()).toMatchObject({ value: two })
  await expect(reader?.read()).rejects.toThrow()
  expect(play.requests.map(({ path }) => path)).toEqual(['/v1/anything'])
})

test('a connection that is closed early is told of, and what nobody plays is a 404', async () => {
  const provider = await start()
  const play = provider.play({ status: 200, headers: {}, acts: [{ kind: 'stall' }] })
  const response = await ask(provider, play.marker)
  const left = Date.now()
  await response.body?.cancel()
  expect(await play.aborted).toBeGreaterThanOrEqual(left)
  play.end()
  expect((await ask(provider, play.marker)).status).toBe(404)
  expect((await ask(provider, 'no marker')).status).toBe(404)
  expect(provider.count).toBe(3)
})

test('status 0 is no answer at all', async () => {
  const provider = await start()
  const play = provider.play({ status: 0, headers: {}, acts: [] })
  await expect(ask(provider, play.marker)).rejects.toThrow()
  expect(play.requests).toHaveLength(1)
})

function ask(provider: PlayedProvider, prompt: string): Promise<Response> {
  return fetch(`${provider.url}/v1/anything`, { method: 'POST', body: JSON.stringify({ prompt }) })
}
