/** OpenAI, and whatever speaks its API under another base URL. */
import type { ProviderAddress } from './provider.ts'

/** `baseUrl` as the OpenAI SDK reads it: it ends in `/v1`. A local server may need no key. */
export function openai(apiKey: string, baseUrl: string): ProviderAddress {
  return {
    name: 'openai',
    baseUrl: baseUrl.replace(/\/+$/, ''),
    pathPrefix: '',
    headers: apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` },
  }
}
