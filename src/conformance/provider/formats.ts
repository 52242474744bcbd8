/** The formats that are played: one line each. */
import { anthropicMessages } from './anthropic-messages.ts'
import { openAiChat } from './openai-chat.ts'
import { openAiEmbeddings } from './openai-embeddings.ts'
import { openAiResponses } from './openai-responses.ts'
import type { StreamFormat, WireFormat } from './wire-format.ts'

export const STREAM_FORMATS: readonly StreamFormat[] = [
  openAiChat,
  openAiResponses,
  anthropicMessages,
]

export const WIRE_FORMATS: readonly WireFormat[] = [...STREAM_FORMATS, openAiEmbeddings]
