/** The formats that the gateway speaks: one line each. */
import type { Format } from './format.ts'
import { openAiChat } from './openai-chat.ts'

export const FORMATS: readonly Format[] = [openAiChat]
