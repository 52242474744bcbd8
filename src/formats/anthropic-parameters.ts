/**
 * The cost rule of every parameter of Anthropic's messages (POST /v1/messages) and of counting their tokens.
 * Source: wire contract, "Calls"; the parameter types of Anthropic's SDK (a test compares them).
 */
import { CACHE_CONTROL, MESSAGE, TEXT_BLOCK } from './anthropic-content.ts'
import { TOOL } from './anthropic-tools.ts'
import { HOSTED_TOOL, OPERATOR_ACCOUNT, STORED_AT_PROVIDER } from './refusal-reasons.ts'
import {
  asksToolPrompt,
  counted,
  flag,
  free,
  list,
  MODEL,
  type Parameters,
  refused,
  shape,
  TOKENS_MAX,
  textOr,
  variants,
  whole,
} from './rules.ts'

const KIND = free('names the kind')
const THINKING_TOKENS = free('thinking counts as output, under `max_tokens`')
const SAMPLING = free('steers sampling; output stays under `max_tokens`')
const FAST = 'fast inference has prices of its own, which are not sold here'

/** What decides the input: the same for a call and for counting its tokens. */
const INPUT: Parameters = {
  model: MODEL,
  messages: list('the input, bounded by its bytes, images and pages', MESSAGE),
  system: textOr(list('text blocks', variants('type', { text: TEXT_BLOCK }))),
  tools: list('client-side tools', TOOL, asksToolPrompt),
  tool_choice: free('chooses among the tools that were sent'),
  thinking: variants('type', {
    enabled: shape('within the cap', {
      type: KIND,
      budget_tokens: THINKING_TOKENS,
      display: THINKING_TOKENS,
    }),
    adaptive: shape('within the cap', { type: KIND, display: THINKING_TOKENS }),
    between_tools: shape('within the cap', { type: KIND }),
    disabled: shape('none', { type: KIND }),
  }),
  output_config: shape('how the answer is made', {
    effort: free('output stays under `max_tokens`'),
    format: counted('a schema, bounded by its bytes and the tool prompt', asksToolPrompt),
  }),
  cache_control: CACHE_CONTROL,
  speed: refused(FAST, 'standard'),
  mcp_servers: refused(HOSTED_TOOL),
  context_management: refused('it lets the provider rewrite the input, at a cost without a bound'),
  user_profile_id: refused(OPERATOR_ACCOUNT),
  workspace_id: refused(OPERATOR_ACCOUNT),
}

export const MESSAGES_PARAMETERS: Parameters = {
  ...INPUT,
  max_tokens: whole('bounds the output; required', 0, TOKENS_MAX),
  stream: flag('how the answer is sent'),
  temperature: SAMPLING,
  top_k: SAMPLING,
  top_p: SAMPLING,
  stop_sequences: SAMPLING,
  metadata: free('labels, not billed'),
  service_tier: refused(
    "tiers with prices of their own are refused; `auto` is the operator's, who answers for it",
    'auto',
    'standard_only',
  ),
  inference_geo: refused('regions have prices of their own, which are not sold here', 'global'),
  container: refused(STORED_AT_PROVIDER),
  diagnostics: shape('explains cache misses', { previous_message_id: refused(STORED_AT_PROVIDER) }),
}

export const COUNT_TOKENS_PARAMETERS: Parameters = INPUT
