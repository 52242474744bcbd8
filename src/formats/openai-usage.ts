/** How OpenAI's formats name their counts. Source: platform facts, "Providers' usage, where it sits". */
import type { OpenAiNames } from './usage-counts.ts'

export const CHAT_USAGE: OpenAiNames = {
  input: 'prompt_tokens',
  inputDetails: 'prompt_tokens_details',
  output: 'completion_tokens',
}

export const RESPONSES_USAGE: OpenAiNames = {
  input: 'input_tokens',
  inputDetails: 'input_tokens_details',
  output: 'output_tokens',
}

export const EMBEDDINGS_USAGE: OpenAiNames = {
  input: 'prompt_tokens',
  inputDetails: 'prompt_tokens_details',
  output: null,
}
