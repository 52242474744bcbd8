/** What the stand-in answers, whatever the wire format: the same words for the same question. Pure. */
import { sampleJson } from './sample-json.ts'
import { tokenize } from './tokens.ts'

/** A tool that the request offers. */
interface OfferedTool {
  readonly name: string
  readonly schema: unknown
}

/** A request, freed of its wire format. */
export interface Ask {
  readonly model: string
  /** Everything that the model reads, in order. */
  readonly prompt: string
  /** The last thing that was said to it. */
  readonly lastText: string
  readonly tools: readonly OfferedTool[]
  /** `auto` calls the first tool unless its result is what was said last. */
  readonly toolChoice: 'auto' | 'none' | { readonly name: string }
  readonly lastIsToolResult: boolean
  /** Output cap in tokens; null where the request has none. */
  readonly cap: number | null
  readonly stop: readonly string[]
  /** The schema of a structured answer; undefined for plain text. */
  readonly jsonSchema: unknown
}

export interface Answer {
  readonly tool: string | null
  /** The text, or the tool's arguments as JSON, token by token. */
  readonly tokens: readonly string[]
  readonly end: 'stop' | 'length' | 'tool'
  /** The stop sequence that ended it, where one did. */
  readonly stopSequence: string | null
}

const QUOTED_CHARACTERS_MAX = 120

/** Answers a request. Deterministic. */
export function answer(ask: Ask): Answer {
  const tool = chosenTool(ask)
  const full = tool === null ? text(ask) : JSON.stringify(sampleJson(tool.schema))
  const stop = tool === null ? firstStop(full, ask.stop) : null
  const tokens = tokenize(stop === null ? full : full.slice(0, stop.at))
  const name = tool?.name ?? null
  if (ask.cap !== null && tokens.length > ask.cap) {
    return { tool: name, tokens: tokens.slice(0, ask.cap), end: 'length', stopSequence: null }
  }
  const end = tool === null ? 'stop' : 'tool'
  return { tool: name, tokens, end, stopSequence: stop?.sequence ?? null }
}

function chosenTool({ tools, toolChoice, lastIsToolResult }: Ask): OfferedTool | null {
  if (toolChoice === 'none' || lastIsToolResult) return null
  if (toolChoice === 'auto') return tools[0] ?? null
  return tools.find((tool) => tool.name === toolChoice.name) ?? null
}

function text(ask: Ask): string {
  if (ask.jsonSchema !== undefined) return JSON.stringify(sampleJson(ask.jsonSchema))
  const characters = [...ask.lastText.trim()]
  const quoted = characters.slice(0, QUOTED_CHARACTERS_MAX).join('')
  const dots = characters.length > QUOTED_CHARACTERS_MAX ? '…' : ''
  return `This is the stand-in for ${ask.model}; no model was asked. You said: “${quoted}${dots}”`
}

function firstStop(
  full: string,
  stops: readonly string[],
): { readonly at: number; readonly sequence: string } | null {
  const found = stops
    .map((sequence) => ({ at: sequence === '' ? -1 : full.indexOf(sequence), sequence }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
  return found[0] ?? null
}
