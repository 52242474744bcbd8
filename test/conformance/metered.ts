/** A target that stands for a gateway with money: it asks the provider, meters by what it reads, and keeps a journal. */
import { chargeOf } from '../../src/conformance/charges.ts'
import { memberOf, parseJson } from '../../src/conformance/json-values.ts'
import type { CallFormat } from '../../src/conformance/play.ts'
import { readEvents } from '../../src/conformance/provider/event-stream.ts'
import { WIRE_FORMATS } from '../../src/conformance/provider/formats.ts'
import type {
  StreamFormat,
  TokenCounts,
  WireFormat,
} from '../../src/conformance/provider/wire-format.ts'
import type { Answer, Ask, Money, Target } from '../../src/conformance/target.ts'

export type MeterFault =
  | 'charges cached tokens twice'
  | 'adds reasoning tokens'
  | 'adds the deltas up'
  | 'charges nothing without usage'
  | 'believes any count'
  | 'forwards what has no bound'
  | 'forwards without a cap'

const MODEL = 'metered-model'
const HOLD = 1_000_000n
const PRICING = {
  models: {
    [MODEL]: {
      input: '1000000',
      cached_input: '100000',
      cache_write: '1250000',
      cache_write_1h: '2000000',
      output: '4000000',
    },
  },
}
const KNOWN =
  /^(model|messages|input|max_tokens|max_output_tokens|stream|stream_options|encoding_format)$/
const CAP = 1_000

export function meteredTarget(
  providerUrl: string,
  formats: readonly CallFormat[],
  fault: MeterFault | null,
): Target {
  const meter = new Meter(fault)
  const debits: { requestId: string; charge: bigint }[] = []

  async function send({ method, target, body }: Ask): Promise<Answer> {
    const wire = WIRE_FORMATS.find(({ path }) => path === target)
    const asked = JSON.parse(String(body)) as Record<string, unknown>
    if (wire === undefined || !admits(asked)) return answerOf(400, Buffer.from('{}'), '')
    const capped = withCap(wire, asked)
    const response = await fetch(`${providerUrl}${target}`, {
      method,
      body: JSON.stringify(capped),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const requestId = `request-${debits.length}`
    const charge = meter.charge(wire, asked['stream'] === true, bytes)
    debits.unshift({ requestId, charge })
    return answerOf(response.status, bytes, requestId, charge)
  }

  function admits(asked: Record<string, unknown>): boolean {
    if (fault === 'forwards what has no bound') return true
    const inline = typeof memberOf((asked['messages'] as unknown[] | undefined)?.[0], 'content')
    const isText = inline === 'string' || typeof asked['input'] === 'string'
    return isText && Object.keys(asked).every((name) => KNOWN.test(name))
  }

  function withCap(wire: WireFormat, asked: Record<string, unknown>): object {
    if (fault === 'forwards without a cap' || wire.format === 'openai-embeddings') return asked
    const name = wire.format === 'openai-responses' ? 'max_output_tokens' : 'max_tokens'
    return { [name]: CAP, ...asked }
  }

  const money: Money = {
    books: () => Promise.reject(new Error('not kept')),
    journal: () => Promise.reject(new Error('not kept')),
    debits: (limit) => Promise.resolve(debits.slice(0, limit)),
    receipts: () => Promise.resolve(null),
    pricing: () => Promise.resolve(PRICING),
    worstCase: () => Promise.resolve(HOLD),
  }
  return {
    url: providerUrl,
    identity: null,
    money,
    models: new Map(formats.map((format) => [format, MODEL])),
    send,
    sendBare: send,
    stream: () => Promise.reject(new Error('not asked for')),
    signed: (ask) => Promise.resolve(ask),
    close: () => {},
  }
}

class Meter {
  readonly #fault: MeterFault | null

  constructor(fault: MeterFault | null) {
    this.#fault = fault
  }

  charge(wire: WireFormat, streamed: boolean, bytes: Buffer): bigint {
    const { usages } = streamed
      ? (wire as StreamFormat).readEvents(readEvents(bytes))
      : wire.readBody(parseJson(bytes.toString()))
    const counts = this.#countsIn(wire, usages)
    if (counts === null) return this.#fault === 'charges nothing without usage' ? 0n : 5n
    const charge = chargeOf(PRICING, MODEL, counts)
    return this.#fault === 'believes any count' || charge < HOLD ? charge : HOLD
  }

  #countsIn(wire: WireFormat, usages: readonly unknown[]): TokenCounts | null {
    const said = usages.filter((usage) => wire.format === 'anthropic-messages' || isWhole(usage))
    const counted = wire.format === 'anthropic-messages' ? this.#merged(said) : said.at(-1)
    const counts = counted === undefined ? null : this.#readCounts(wire, counted)
    return counts !== null && counts.input + counts.cachedInput + counts.output > 0 ? counts : null
  }

  #merged(usages: readonly unknown[]): object {
    const all: Record<string, unknown> = {}
    for (const [at, usage] of usages.entries()) {
      for (const [name, value] of Object.entries(usage as object)) {
        if (value === null) continue
        const sums = this.#fault === 'adds the deltas up' && name === 'output_tokens' && at > 0
        all[name] = sums ? Number(all[name] ?? 0) + Number(value) : value
      }
    }
    return all
  }

  #readCounts(wire: WireFormat, usage: unknown): TokenCounts | null {
    const at = (name: string, inside?: string): number => {
      const value = memberOf(inside === undefined ? usage : memberOf(usage, inside), name)
      const sane = Number.isSafeInteger(value) && (value as number) >= 0
      return sane && (this.#fault === 'believes any count' || (value as number) < 1e9)
        ? (value as number)
        : 0
    }
    if (wire.format === 'anthropic-messages') {
      const hour = at('ephemeral_1h_input_tokens', 'cache_creation')
      return {
        input: at('input_tokens'),
        cachedInput: at('cache_read_input_tokens'),
        cacheWrite: at('cache_creation_input_tokens') - hour,
        cacheWriteHour: hour,
        output: at('output_tokens'),
        reasoning: 0,
      }
    }
    const [inName, outName] =
      wire.format === 'openai-responses' ? ['input', 'output'] : ['prompt', 'completion']
    const cached = at('cached_tokens', `${inName}_tokens_details`)
    const written = at('cache_write_tokens', `${inName}_tokens_details`)
    const reasoning = at('reasoning_tokens', `${outName}_tokens_details`)
    const twice = this.#fault === 'charges cached tokens twice'
    return {
      input: at(`${inName}_tokens`) - (twice ? 0 : cached + written),
      cachedInput: cached,
      cacheWrite: written,
      cacheWriteHour: 0,
      output: at(`${outName}_tokens`) + (this.#fault === 'adds reasoning tokens' ? reasoning : 0),
      reasoning: 0,
    }
  }
}

function isWhole(usage: unknown): boolean {
  const counts = Object.values(usage as object).filter((value) => Number.isSafeInteger(value))
  return counts.length > 0
}

function answerOf(status: number, bytes: Buffer, requestId: string, charge?: bigint): Answer {
  const headers: Record<string, string> = { 'x-request-id': requestId, 'x-charge': String(charge) }
  return { status, bytes, whole: true, header: (name) => headers[name] }
}
