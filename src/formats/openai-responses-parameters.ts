/**
 * The cost rule of every parameter of OpenAI's Responses (POST /v1/responses).
 * Source: wire contract, "Calls"; the parameter types of OpenAI's SDK (a test compares them).
 */
import { INPUT_ITEM, TOOL } from './openai-responses-input.ts'
import { MODERATION, SERVICE_TIER } from './openai-rules.ts'
import { SERVER_TURNS, STORED_AT_PROVIDER } from './refusal-reasons.ts'
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
  whole,
} from './rules.ts'

const SAMPLING = free('steers sampling; output stays under the cap')
const LABEL = free('a label, not billed')
const CACHING = free('steers caching; cache writes are priced whether asked for or not')
const REASONING = free('reasoning counts as output, under the cap')

export const RESPONSES_PARAMETERS: Parameters = {
  model: MODEL,
  input: textOr(list('the input, bounded by its bytes, images and pages', INPUT_ITEM)),
  instructions: free('text, bounded by its bytes'),
  max_output_tokens: whole('bounds the output; written in where absent', 1, TOKENS_MAX),
  max_tool_calls: free('limits hosted tools, which are refused'),
  stream: flag('how the answer is sent'),
  stream_options: shape('what the stream carries', {
    include_obfuscation: free('padding, which is not billed'),
  }),
  tools: list('client-side tools', TOOL, asksToolPrompt),
  tool_choice: free('chooses among the tools that were sent'),
  parallel_tool_calls: SAMPLING,
  text: shape('how the answer is made', {
    format: counted('a schema, bounded by its bytes and the tool prompt', asksToolPrompt),
    verbosity: SAMPLING,
  }),
  reasoning: shape('within the cap', {
    effort: REASONING,
    summary: REASONING,
    generate_summary: REASONING,
    context: free('the reasoning that is read again is in the body'),
    mode: refused('other modes run several models at prices of their own', 'standard'),
  }),
  include: free('adds to the answer what hosted tools and sampling know; not billed'),
  truncation: free('drops input'),
  background: refused('its answer would be fetched later, outside of the hold', false),
  previous_response_id: refused(STORED_AT_PROVIDER),
  conversation: refused(STORED_AT_PROVIDER),
  prompt: refused(STORED_AT_PROVIDER),
  context_management: refused(SERVER_TURNS),
  moderation: MODERATION,
  service_tier: SERVICE_TIER,
  store: flag('forwarded as false'),
  temperature: SAMPLING,
  top_p: SAMPLING,
  top_logprobs: free('not billed'),
  metadata: LABEL,
  user: LABEL,
  safety_identifier: LABEL,
  prompt_cache_key: CACHING,
  prompt_cache_options: CACHING,
  prompt_cache_retention: CACHING,
}
