/** The cost rule of every tool of Anthropic's messages: client-side ones pass, hosted ones do not. */
import { CACHE_CONTROL } from './anthropic-content.ts'
import { DEFERRED, HOSTED_TOOL, SERVER_TURNS, UNSTATED_PROMPT } from './refusal-reasons.ts'
import { free, list, type Parameters, refused, type Shape, shape, variants } from './rules.ts'

const KIND = free('names the kind')
const DEFINITION = free("a definition, bounded by its bytes and the model's tool prompt")

/** What all tools share. */
const COMMON: Parameters = {
  type: KIND,
  name: DEFINITION,
  strict: free('bounded by the tool prompt'),
  input_examples: DEFINITION,
  cache_control: CACHE_CONTROL,
  allowed_callers: list('who may call it', refused(SERVER_TURNS, 'direct')),
  defer_loading: refused(DEFERRED, false),
}

const CUSTOM = shape("the client's own tool", {
  ...COMMON,
  description: DEFINITION,
  input_schema: DEFINITION,
  eager_input_streaming: free('how the answer is sent'),
})

/** A tool that the client runs and the provider describes. */
function builtIn(members: Parameters = {}): Shape {
  return shape(
    'run by the client; its definition is counted',
    { ...COMMON, ...members },
    (_value, tally) => {
      tally.builtInTools += 1
    },
  )
}

export const TOOL = variants(
  'type',
  {
    custom: CUSTOM,
    bash_20250124: builtIn(),
    text_editor_20250124: builtIn(),
    text_editor_20250429: builtIn(),
    text_editor_20250728: builtIn({ max_characters: free('shortens what the client shows') }),
    memory_20250818: builtIn(),
    browser_toolset_20260801: refused(UNSTATED_PROMPT),
    computer_toolset_20260801: refused(UNSTATED_PROMPT),
    code_execution_20250522: refused(HOSTED_TOOL),
    code_execution_20250825: refused(HOSTED_TOOL),
    code_execution_20260120: refused(HOSTED_TOOL),
    code_execution_20260521: refused(HOSTED_TOOL),
    web_search_20250305: refused(HOSTED_TOOL),
    web_search_20260209: refused(HOSTED_TOOL),
    web_search_20260318: refused(HOSTED_TOOL),
    web_fetch_20250910: refused(HOSTED_TOOL),
    web_fetch_20260209: refused(HOSTED_TOOL),
    web_fetch_20260309: refused(HOSTED_TOOL),
    web_fetch_20260318: refused(HOSTED_TOOL),
    tool_search_tool_bm25: refused(SERVER_TURNS),
    tool_search_tool_bm25_20251119: refused(SERVER_TURNS),
    tool_search_tool_regex: refused(SERVER_TURNS),
    tool_search_tool_regex_20251119: refused(SERVER_TURNS),
  },
  () => 'custom',
)
