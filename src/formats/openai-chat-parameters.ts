/**
 * The cost rule of every parameter of OpenAI's chat completions (POST /v1/chat/completions).
 * Source: wire contract, "Calls"; the parameter types of OpenAI's SDK (a test compares them).
 */
import { CHOICES_MAX, INLINE_IMAGE, INLINE_PDF, MODERATION, SERVICE_TIER } from './openai-rules.ts'
import { AUDIO, HOSTED_TOOL, STORED_AT_PROVIDER } from './refusal-reasons.ts'
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

const TEXT = free('text, bounded by its bytes')
const KIND = free('names the kind')
const BREAKPOINT = free('a mark; cache writes are priced whether asked for or not')

const TEXT_PART = shape('text', { type: KIND, text: TEXT, prompt_cache_breakpoint: BREAKPOINT })

const CONTENT_PART = variants('type', {
  text: TEXT_PART,
  refusal: shape('text', { type: KIND, refusal: TEXT }),
  image_url: shape('an inline image', {
    type: KIND,
    image_url: shape('the image', {
      url: INLINE_IMAGE,
      detail: free("within the model's stated maximum"),
    }),
    prompt_cache_breakpoint: BREAKPOINT,
  }),
  file: shape('an inline PDF', {
    type: KIND,
    file: shape('the file', {
      file_data: INLINE_PDF,
      file_id: refused(STORED_AT_PROVIDER),
      filename: TEXT,
    }),
    prompt_cache_breakpoint: BREAKPOINT,
  }),
  input_audio: refused(AUDIO),
})

const CONTENT = textOr(list('content parts', CONTENT_PART))
const NAME = free('a name, bounded by its bytes')
const ROLE = free('names the role')

const MESSAGE = variants('role', {
  developer: shape('instructions', { role: ROLE, content: CONTENT, name: NAME }),
  system: shape('instructions', { role: ROLE, content: CONTENT, name: NAME }),
  user: shape('a turn of the user', { role: ROLE, content: CONTENT, name: NAME }),
  assistant: shape("a turn of the model's, as it was answered", {
    role: ROLE,
    content: CONTENT,
    name: NAME,
    refusal: TEXT,
    reasoning: TEXT,
    reasoning_content: TEXT,
    annotations: TEXT,
    function_call: TEXT,
    tool_calls: TEXT,
    audio: refused(STORED_AT_PROVIDER),
  }),
  tool: shape('the result of a tool', { role: ROLE, content: CONTENT, tool_call_id: NAME }),
  function: shape('the result of a function', { role: ROLE, content: CONTENT, name: NAME }),
})

const DEFINITION = "a definition, bounded by its bytes and the model's tool prompt"

const TOOL = variants('type', {
  function: shape(DEFINITION, { type: KIND, function: free(DEFINITION) }),
  custom: shape(DEFINITION, { type: KIND, custom: free(DEFINITION) }),
})

const PREDICTION = shape(
  'predicted output: each of its bytes may be billed as a rejected token, for every choice',
  { type: KIND, content: textOr(list('text parts', variants('type', { text: TEXT_PART }))) },
  (value, tally) => {
    tally.predictionBytes += Buffer.byteLength(JSON.stringify(value))
  },
)

const SAMPLING = free('steers sampling; output stays under the cap')
const OUTPUT_CAP = whole('bounds the output; written in where absent', 1, TOKENS_MAX)

export const CHAT_PARAMETERS: Parameters = {
  model: MODEL,
  messages: list('the input, bounded by its bytes, images and pages', MESSAGE),
  max_completion_tokens: OUTPUT_CAP,
  max_tokens: OUTPUT_CAP,
  n: whole('multiplies the output', 1, CHOICES_MAX),
  best_of: refused('it generates choices that are never shown; use `n`'),
  stream: flag('how the answer is sent'),
  stream_options: shape('what the stream carries', {
    include_usage: flag('always asked for upstream; decides whether the client sees the chunk'),
    include_obfuscation: free('padding, which is not billed'),
  }),
  tools: list('client-side tools', TOOL, asksToolPrompt),
  functions: list('client-side tools, the older way', free(DEFINITION), asksToolPrompt),
  tool_choice: free('chooses among the tools that were sent'),
  function_call: free('chooses among the functions that were sent'),
  parallel_tool_calls: SAMPLING,
  response_format: counted('a schema, bounded by its bytes and the tool prompt', asksToolPrompt),
  prediction: PREDICTION,
  modalities: list('what is generated', refused(AUDIO, 'text')),
  audio: refused(AUDIO),
  web_search_options: refused(HOSTED_TOOL),
  moderation: MODERATION,
  service_tier: SERVICE_TIER,
  store: flag('forwarded as false'),
  reasoning_effort: free('reasoning counts as output, under the cap'),
  verbosity: SAMPLING,
  temperature: SAMPLING,
  top_p: SAMPLING,
  frequency_penalty: SAMPLING,
  presence_penalty: SAMPLING,
  logit_bias: SAMPLING,
  seed: SAMPLING,
  stop: SAMPLING,
  logprobs: free('not billed'),
  top_logprobs: free('not billed'),
  metadata: free('labels, not billed'),
  user: free('a label, not billed'),
  safety_identifier: free('a label, not billed'),
  prompt_cache_key: free('steers caching; cache writes are priced whether asked for or not'),
  prompt_cache_options: free('steers caching; cache writes are priced whether asked for or not'),
  prompt_cache_retention: free('steers caching; keeping is not billed'),
}
