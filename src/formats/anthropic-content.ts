/**
 * The cost rule of every content block of Anthropic's messages. Source: wire contract, "Calls"; the parameter types of
 * Anthropic's SDK (a test compares them).
 */
import { isObject } from './json.ts'
import {
  DEFERRED,
  FETCHED_URL,
  HOSTED_TOOL,
  SERVER_TURNS,
  STORED_AT_PROVIDER,
  UNSTATED_PROMPT,
} from './refusal-reasons.ts'
import { free, list, oneOf, refused, shape, type Tally, textOr, variants } from './rules.ts'

const TEXT = free('text, bounded by its bytes')
const KIND = free('names the kind')

/** A cache breakpoint: writes cost more than input, by how long they are kept. */
export const CACHE_CONTROL = shape(
  'prices what is written to the cache: 5 minutes unless `ttl` is `1h`',
  { type: oneOf('the only kind', 'ephemeral'), ttl: oneOf('decides the price', '5m', '1h') },
  (value, tally) => {
    if (isObject(value) && value['ttl'] === '1h') tally.cacheWrite = '1h'
    else if (tally.cacheWrite === 'none') tally.cacheWrite = '5m'
  },
)

export const TEXT_BLOCK = shape('text', {
  type: KIND,
  text: TEXT,
  citations: free('citations that were given, bounded by their bytes'),
  cache_control: CACHE_CONTROL,
})

function countImage(_value: unknown, tally: Tally): void {
  tally.images += 1
}

function countPdf(_value: unknown, tally: Tally): void {
  tally.pdfs += 1
}

const IMAGE_BLOCK = shape('an inline image', {
  type: KIND,
  source: variants('type', {
    base64: shape(
      "counted, worth at most the model's stated maximum",
      { type: KIND, media_type: TEXT, data: TEXT },
      countImage,
    ),
    url: refused(FETCHED_URL),
    file: refused(STORED_AT_PROVIDER),
  }),
  transformations: free("within the model's stated maximum"),
  cache_control: CACHE_CONTROL,
})

const DOCUMENT_BLOCK = shape('an inline document', {
  type: KIND,
  source: variants('type', {
    base64: shape(
      'a PDF, bounded by the pages that the provider reads',
      { type: KIND, media_type: oneOf('the only kind', 'application/pdf'), data: TEXT },
      countPdf,
    ),
    text: shape('text, bounded by its bytes', { type: KIND, media_type: TEXT, data: TEXT }),
    content: shape('blocks', {
      type: KIND,
      content: textOr(
        list('text and images', variants('type', { text: TEXT_BLOCK, image: IMAGE_BLOCK })),
      ),
    }),
    url: refused(FETCHED_URL),
    file: refused(STORED_AT_PROVIDER),
  }),
  title: TEXT,
  context: TEXT,
  citations: free('citations are not billed as output'),
  cache_control: CACHE_CONTROL,
})

const SEARCH_RESULT_BLOCK = shape('a search result of the client', {
  type: KIND,
  source: TEXT,
  title: TEXT,
  content: list('text', variants('type', { text: TEXT_BLOCK })),
  citations: free('citations are not billed as output'),
  cache_control: CACHE_CONTROL,
})

const TOOL_RESULT_BLOCK = shape('the result of a client-side tool', {
  type: KIND,
  tool_use_id: TEXT,
  is_error: TEXT,
  toolset_name: TEXT,
  content: textOr(
    list(
      'result blocks',
      variants('type', {
        text: TEXT_BLOCK,
        image: IMAGE_BLOCK,
        document: DOCUMENT_BLOCK,
        search_result: SEARCH_RESULT_BLOCK,
        tool_reference: refused(DEFERRED),
        browser_state: refused(UNSTATED_PROMPT),
      }),
    ),
  ),
  cache_control: CACHE_CONTROL,
})

const BLOCK = variants('type', {
  text: TEXT_BLOCK,
  image: IMAGE_BLOCK,
  document: DOCUMENT_BLOCK,
  search_result: SEARCH_RESULT_BLOCK,
  thinking: shape('reasoning, as it was answered', { type: KIND, thinking: TEXT, signature: TEXT }),
  redacted_thinking: shape('reasoning, as it was answered', { type: KIND, data: TEXT }),
  tool_use: shape('a call of a client-side tool, as it was answered', {
    type: KIND,
    id: TEXT,
    name: TEXT,
    input: TEXT,
    toolset_name: TEXT,
    caller: variants('type', {
      direct: shape('the model', { type: KIND }),
      code_execution_20250825: refused(HOSTED_TOOL),
      code_execution_20260120: refused(HOSTED_TOOL),
    }),
    cache_control: CACHE_CONTROL,
  }),
  tool_result: TOOL_RESULT_BLOCK,
  server_tool_use: refused(HOSTED_TOOL),
  web_search_tool_result: refused(HOSTED_TOOL),
  web_fetch_tool_result: refused(HOSTED_TOOL),
  code_execution_tool_result: refused(HOSTED_TOOL),
  bash_code_execution_tool_result: refused(HOSTED_TOOL),
  text_editor_code_execution_tool_result: refused(HOSTED_TOOL),
  tool_search_tool_result: refused(SERVER_TURNS),
  container_upload: refused(STORED_AT_PROVIDER),
})

const CONTENT = textOr(list('content blocks', BLOCK))
const ROLE = free('names the role')

export const MESSAGE = variants('role', {
  user: shape('a turn of the user', { role: ROLE, content: CONTENT }),
  assistant: shape("a turn of the model's", { role: ROLE, content: CONTENT }),
  system: shape('instructions', { role: ROLE, content: CONTENT }),
})
