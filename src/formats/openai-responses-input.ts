/**
 * The cost rule of every input item and tool of OpenAI's Responses. Source: wire contract, "Calls"; the parameter types
 * of OpenAI's SDK (a test compares them).
 */
import { INLINE_IMAGE, INLINE_PDF } from './openai-rules.ts'
import {
  DEFERRED,
  FETCHED_URL,
  HOSTED_TOOL,
  SERVER_TURNS,
  STORED_AT_PROVIDER,
  UNSTATED_PROMPT,
} from './refusal-reasons.ts'
import { asksToolPrompt, free, list, refused, shape, textOr, variants } from './rules.ts'

const TEXT = free('text, bounded by its bytes')
const KIND = free('names the kind')
const LABEL = free('a label, bounded by its bytes; the item itself is in the body')
const BREAKPOINT = free('a mark; cache writes are priced whether asked for or not')
const CALLER = variants('type', {
  direct: shape('the model', { type: KIND }),
  program: refused(SERVER_TURNS),
})

const PART = variants('type', {
  input_text: shape('text', { type: KIND, text: TEXT, prompt_cache_breakpoint: BREAKPOINT }),
  output_text: shape('text, as it was answered', {
    type: KIND,
    text: TEXT,
    annotations: TEXT,
    logprobs: TEXT,
  }),
  refusal: shape('text, as it was answered', { type: KIND, refusal: TEXT }),
  input_image: shape('an inline image', {
    type: KIND,
    image_url: INLINE_IMAGE,
    file_id: refused(STORED_AT_PROVIDER),
    detail: free("within the model's stated maximum"),
    prompt_cache_breakpoint: BREAKPOINT,
  }),
  input_file: shape('an inline PDF', {
    type: KIND,
    file_data: INLINE_PDF,
    file_id: refused(STORED_AT_PROVIDER),
    file_url: refused(FETCHED_URL),
    filename: TEXT,
    detail: free('within the bound of its pages'),
    prompt_cache_breakpoint: BREAKPOINT,
  }),
})

const CONTENT = textOr(list('content parts', PART))

const MESSAGE = shape('a turn', {
  type: KIND,
  role: free('names the role'),
  content: CONTENT,
  id: LABEL,
  status: LABEL,
  phase: LABEL,
})

const CALL = {
  type: KIND,
  id: LABEL,
  call_id: LABEL,
  status: LABEL,
  name: TEXT,
  namespace: TEXT,
  caller: CALLER,
}

const RESULT = {
  type: KIND,
  id: LABEL,
  call_id: LABEL,
  status: LABEL,
  caller: CALLER,
  output: CONTENT,
}

const REASONING = {
  ...shape('reasoning, as it was answered', {
    type: KIND,
    id: LABEL,
    status: LABEL,
    summary: TEXT,
    content: TEXT,
    encrypted_content: TEXT,
  }),
  problem: (item: { readonly [name: string]: unknown }) =>
    typeof item['encrypted_content'] === 'string' || Array.isArray(item['content'])
      ? null
      : 'must carry its `encrypted_content` (ask for it with `include`): nothing is stored at the provider',
}

const DEFINITION = free("a definition, bounded by its bytes and the model's tool prompt")

const FUNCTION_TOOL = shape("the client's own tool", {
  type: KIND,
  name: DEFINITION,
  description: DEFINITION,
  parameters: DEFINITION,
  output_schema: DEFINITION,
  strict: DEFINITION,
  allowed_callers: list('who may call it', refused(SERVER_TURNS, 'direct')),
  defer_loading: refused(DEFERRED, false),
})

const CUSTOM_TOOL = shape("the client's own tool", {
  type: KIND,
  name: DEFINITION,
  description: DEFINITION,
  format: DEFINITION,
  allowed_callers: list('who may call it', refused(SERVER_TURNS, 'direct')),
  defer_loading: refused(DEFERRED, false),
})

export const TOOL = variants('type', {
  function: FUNCTION_TOOL,
  custom: CUSTOM_TOOL,
  namespace: shape("a group of the client's own tools", {
    type: KIND,
    name: DEFINITION,
    description: DEFINITION,
    tools: list('the group', variants('type', { function: FUNCTION_TOOL, custom: CUSTOM_TOOL })),
  }),
  file_search: refused(HOSTED_TOOL),
  web_search: refused(HOSTED_TOOL),
  web_search_2025_08_26: refused(HOSTED_TOOL),
  web_search_preview: refused(HOSTED_TOOL),
  web_search_preview_2025_03_11: refused(HOSTED_TOOL),
  code_interpreter: refused(HOSTED_TOOL),
  image_generation: refused(HOSTED_TOOL),
  mcp: refused(HOSTED_TOOL),
  shell: refused(HOSTED_TOOL),
  programmatic_tool_calling: refused(SERVER_TURNS),
  tool_search: refused(SERVER_TURNS),
  computer: refused(UNSTATED_PROMPT),
  computer_use_preview: refused(UNSTATED_PROMPT),
  local_shell: refused(UNSTATED_PROMPT),
  apply_patch: refused(UNSTATED_PROMPT),
})

const HOSTED_ITEM = refused(HOSTED_TOOL)
const BUILT_IN_ITEM = refused(UNSTATED_PROMPT)
const SERVER_ITEM = refused(SERVER_TURNS)

export const INPUT_ITEM = variants(
  'type',
  {
    message: MESSAGE,
    function_call: shape('a call of a tool, as it was answered', { ...CALL, arguments: TEXT }),
    function_call_output: shape("a tool's result", RESULT),
    custom_tool_call: shape('a call of a tool, as it was answered', { ...CALL, input: TEXT }),
    custom_tool_call_output: shape("a tool's result", RESULT),
    reasoning: REASONING,
    additional_tools: shape('client-side tools', {
      type: KIND,
      id: LABEL,
      role: LABEL,
      tools: list('client-side tools', TOOL, asksToolPrompt),
    }),
    item_reference: refused(STORED_AT_PROVIDER),
    compaction: SERVER_ITEM,
    compaction_trigger: SERVER_ITEM,
    program: SERVER_ITEM,
    program_output: SERVER_ITEM,
    tool_search_call: SERVER_ITEM,
    tool_search_output: SERVER_ITEM,
    file_search_call: HOSTED_ITEM,
    web_search_call: HOSTED_ITEM,
    code_interpreter_call: HOSTED_ITEM,
    image_generation_call: HOSTED_ITEM,
    mcp_list_tools: HOSTED_ITEM,
    mcp_approval_request: HOSTED_ITEM,
    mcp_approval_response: HOSTED_ITEM,
    mcp_call: HOSTED_ITEM,
    shell_call: HOSTED_ITEM,
    shell_call_output: HOSTED_ITEM,
    computer_call: BUILT_IN_ITEM,
    computer_call_output: BUILT_IN_ITEM,
    local_shell_call: BUILT_IN_ITEM,
    local_shell_call_output: BUILT_IN_ITEM,
    apply_patch_call: BUILT_IN_ITEM,
    apply_patch_call_output: BUILT_IN_ITEM,
  },
  (item) => (Object.hasOwn(item, 'role') ? 'message' : 'item_reference'),
)
