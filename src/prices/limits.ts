/**
 * What the price data set lacks: how far a model's calls can go. Upper bounds where the provider states a range; a
 * model that is not listed here by its exact id is not served. Each row names the provider's pages to check it
 * against; docs/prices.md says what they were compared with, and which bounds have no source.
 */

export interface ModelLimits {
  readonly provider: 'openai' | 'anthropic'
  /** Exact ids as the provider takes them. */
  readonly ids: readonly string[]
  /** Names of `formats/registry.ts` that these models answer. */
  readonly formats: readonly string[]
  /** Tokens. */
  readonly contextWindow: number
  /** Tokens; 0 where a model gives no output. */
  readonly maxOutputTokens: number
  /** Tokens that the provider adds for tools, at most. */
  readonly toolPromptTokens: number
  /** Tokens that one inline image costs at most, whatever its size and detail; null: no images. */
  readonly imageTokensMax: number | null
  /** Whether inline documents are read; they are bounded by the context window. */
  readonly documents: boolean
  /** The provider's pages to check the row against. */
  readonly sources: readonly string[]
}

const OPENAI_MODELS = 'https://developers.openai.com/api/docs/models'
const OPENAI_IMAGES = 'https://developers.openai.com/api/docs/guides/images-vision'
const CLAUDE_MODELS = 'https://platform.claude.com/docs/en/models/overview'
const CLAUDE_IMAGES = 'https://platform.claude.com/docs/en/build-with-claude/vision'
const CLAUDE_TOOLS = 'https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview'

const CHAT = ['openai-chat', 'openai-responses']
const RESPONSES_ONLY = ['openai-responses']
const EMBEDDINGS = ['openai-embeddings']
const MESSAGES = ['anthropic-messages', 'anthropic-count-tokens']

/**
 * Taken as an upper bound, since no page states it: OpenAI renders tools more tersely than their JSON, whose bytes are
 * counted; this covers the frame around them.
 */
const OPENAI_TOOL_PROMPT = 512
/**
 * The largest tool prompt that is stated is 804 (Opus 4.7; 406 for Opus 5); the rest is room for the models whose
 * prompt is not. Definitions that the provider writes are counted apart, per tool.
 */
const CLAUDE_TOOL_PROMPT = 3_000

/** OpenAI, 512 px tiles: 2048 × 768 px at most, which is eight tiles on top of the base. */
const tiles = (base: number, tile: number): number => base + 8 * tile
/**
 * OpenAI, 32 px patches: a budget of patches times the model's multiplier. For the models before GPT-5.4 the guide's
 * earlier editions state 1,536, its later one 6,144, for gpt-4.1-mini and gpt-5.2 by name: taken for all of them.
 */
const patches = (budget: number, hundredths: number): number =>
  Math.ceil((budget * hundredths) / 100)

type Window = Pick<ModelLimits, 'contextWindow' | 'maxOutputTokens'>
const window = (contextWindow: number, maxOutputTokens: number): Window => ({
  contextWindow,
  maxOutputTokens,
})

function openai(
  ids: readonly string[],
  limits: Window,
  imageTokensMax: number | null,
  formats: readonly string[] = CHAT,
): ModelLimits {
  return {
    provider: 'openai',
    ids,
    formats,
    ...limits,
    toolPromptTokens: OPENAI_TOOL_PROMPT,
    imageTokensMax,
    documents: imageTokensMax !== null,
    sources: imageTokensMax === null ? [OPENAI_MODELS] : [OPENAI_MODELS, OPENAI_IMAGES],
  }
}

function claude(ids: readonly string[], limits: Window, imageTokensMax: number): ModelLimits {
  return {
    provider: 'anthropic',
    ids,
    formats: MESSAGES,
    ...limits,
    toolPromptTokens: CLAUDE_TOOL_PROMPT,
    imageTokensMax,
    documents: true,
    sources: [CLAUDE_MODELS, CLAUDE_IMAGES, CLAUDE_TOOLS],
  }
}

const GPT_5 = window(400_000, 128_000)
const GPT_5_CHAT = window(128_000, 16_384)
const GPT_LONG = window(1_050_000, 128_000)
const O_SERIES = window(200_000, 100_000)
/** Documented as tiles, 1,190 tokens at most; the bound stays above. */
const GPT_5_IMAGE = patches(1_536, 120)
/** `detail: original` up to 10,000 patches. */
const ORIGINAL = patches(10_000, 120)
/** The default detail keeps the image's own size; above 30,000 patches the provider refuses it. */
const UNSCALED = patches(30_000, 120)
/** Documented as up to 1,568, and as about 1,600. */
const CLAUDE_IMAGE = 2_000
/** Documented as up to 4,784 since Opus 4.7. */
const CLAUDE_LARGE_IMAGE = 5_000

const OPENAI: readonly ModelLimits[] = [
  openai(
    ['gpt-3.5-turbo', 'gpt-3.5-turbo-0125', 'gpt-3.5-turbo-1106'],
    window(16_385, 4_096),
    null,
    ['openai-chat'],
  ),
  openai(['gpt-4', 'gpt-4-0613'], window(8_192, 8_192), null, ['openai-chat']),
  openai(['gpt-4-turbo', 'gpt-4-turbo-2024-04-09'], window(128_000, 4_096), tiles(85, 170)),
  openai(['gpt-4o-2024-05-13'], window(128_000, 4_096), tiles(85, 170)),
  openai(
    ['gpt-4o', 'gpt-4o-2024-08-06', 'gpt-4o-2024-11-20', 'chatgpt-4o-latest'],
    window(128_000, 16_384),
    tiles(85, 170),
  ),
  openai(['gpt-4o-mini', 'gpt-4o-mini-2024-07-18'], window(128_000, 16_384), tiles(2_833, 5_667)),
  openai(['gpt-4.1', 'gpt-4.1-2025-04-14'], window(1_047_576, 32_768), tiles(85, 170)),
  openai(
    ['gpt-4.1-mini', 'gpt-4.1-mini-2025-04-14'],
    window(1_047_576, 32_768),
    patches(6_144, 162),
  ),
  openai(
    ['gpt-4.1-nano', 'gpt-4.1-nano-2025-04-14'],
    window(1_047_576, 32_768),
    patches(6_144, 246),
  ),
  openai(['gpt-5', 'gpt-5-2025-08-07'], GPT_5, GPT_5_IMAGE),
  openai(['gpt-5-codex'], GPT_5, patches(6_144, 120), RESPONSES_ONLY),
  openai(['gpt-5-chat-latest'], GPT_5_CHAT, GPT_5_IMAGE),
  openai(['gpt-5-mini', 'gpt-5-mini-2025-08-07'], GPT_5, patches(6_144, 162)),
  openai(['gpt-5-nano'], GPT_5, patches(6_144, 246)),
  openai(
    ['gpt-5-pro', 'gpt-5-pro-2025-10-06'],
    window(400_000, 272_000),
    patches(6_144, 120),
    RESPONSES_ONLY,
  ),
  openai(['gpt-5.1', 'gpt-5.1-2025-11-13', 'gpt-5.2', 'gpt-5.2-2025-12-11'], GPT_5, ORIGINAL),
  openai(
    ['gpt-5.1-chat-latest', 'gpt-5.2-chat-latest', 'gpt-5.3-chat-latest'],
    GPT_5_CHAT,
    ORIGINAL,
  ),
  openai(
    [
      'gpt-5.1-codex',
      'gpt-5.1-codex-max',
      'gpt-5.1-codex-mini',
      'gpt-5.2-codex',
      'gpt-5.3-codex',
      'gpt-5.2-pro',
      'gpt-5.2-pro-2025-12-11',
    ],
    GPT_5,
    patches(10_000, 162),
    RESPONSES_ONLY,
  ),
  openai(
    ['gpt-5.4-mini', 'gpt-5.4-mini-2026-03-17', 'gpt-5.4-nano', 'gpt-5.4-nano-2026-03-17'],
    GPT_5,
    patches(10_000, 246),
  ),
  openai(['gpt-5.4', 'gpt-5.4-2026-03-05', 'gpt-5.5', 'gpt-5.5-2026-04-23'], GPT_LONG, ORIGINAL),
  openai(
    ['gpt-5.4-pro', 'gpt-5.4-pro-2026-03-05', 'gpt-5.5-pro', 'gpt-5.5-pro-2026-04-23'],
    GPT_LONG,
    ORIGINAL,
    RESPONSES_ONLY,
  ),
  openai(['gpt-5.6', 'gpt-5.6-sol', 'gpt-5.6-terra', 'gpt-5.6-luna'], GPT_LONG, UNSCALED),
  openai(['gpt-6-astra', 'gpt-6-sol', 'gpt-6-luna'], GPT_LONG, UNSCALED),
  openai(['o1', 'o1-2024-12-17', 'o3', 'o3-2025-04-16'], O_SERIES, tiles(75, 150)),
  openai(['o1-pro', 'o1-pro-2025-03-19', 'o3-pro', 'o3-pro-2025-06-10'], O_SERIES, tiles(75, 150), [
    ...RESPONSES_ONLY,
  ]),
  openai(['o3-mini', 'o3-mini-2025-01-31'], O_SERIES, null),
  openai(['o4-mini', 'o4-mini-2025-04-16'], O_SERIES, patches(6_144, 172)),
  openai(['codex-mini-latest'], O_SERIES, patches(6_144, 172), RESPONSES_ONLY),
  openai(
    ['text-embedding-3-small', 'text-embedding-3-large', 'text-embedding-ada-002'],
    window(8_192, 0),
    null,
    EMBEDDINGS,
  ),
]

const CLAUDE: readonly ModelLimits[] = [
  claude(['claude-3-opus-latest'], window(200_000, 4_096), CLAUDE_IMAGE),
  claude(['claude-3-5-haiku-latest'], window(200_000, 8_192), CLAUDE_IMAGE),
  claude(
    ['claude-3-7-sonnet-latest', 'claude-sonnet-4-0', 'claude-sonnet-4-5'],
    window(200_000, 64_000),
    CLAUDE_IMAGE,
  ),
  claude(['claude-haiku-4-5', 'claude-opus-4-5'], window(200_000, 64_000), CLAUDE_IMAGE),
  claude(
    ['claude-opus-4-0', 'claude-opus-4-20250514', 'claude-opus-4-1'],
    window(200_000, 32_000),
    CLAUDE_IMAGE,
  ),
  claude(['claude-opus-4-6', 'claude-sonnet-4-6'], window(1_000_000, 128_000), CLAUDE_IMAGE),
  claude(
    [
      'claude-opus-4-7',
      'claude-opus-4-8',
      'claude-opus-5',
      'claude-opus-5-5',
      'claude-sonnet-5',
      'claude-fable-5',
      'claude-fable-5-1',
    ],
    window(1_000_000, 128_000),
    CLAUDE_LARGE_IMAGE,
  ),
]

export const MODEL_LIMITS: readonly ModelLimits[] = [...OPENAI, ...CLAUDE]
