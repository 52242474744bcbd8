/** OpenAI, and whatever speaks its API under another base URL. */
import type { ProviderAddress } from './provider.ts'

export const OPENAI_BASE_URL = 'https://api.openai.com/v1'

/** `baseUrl` as the OpenAI SDK reads it: it ends in `/v1`. */
export function openai(apiKey: string, baseUrl: string): ProviderAddress {
  return {
    name: 'openai',
    baseUrl: baseUrl.replace(/\/+$/, ''),
    pathPrefix: '',
    headers: { authorization: `Bearer ${apiKey}` },
  }
}
