/** Anthropic, and whatever speaks its API under another base URL. */
import type { ProviderAddress } from './provider.ts'

/** `baseUrl` as the Anthropic SDK reads it: without `/v1`. */
export function anthropic(apiKey: string, baseUrl: string): ProviderAddress {
  return {
    name: 'anthropic',
    baseUrl: baseUrl.replace(/\/+$/, ''),
    pathPrefix: '/v1',
    headers: apiKey === '' ? {} : { 'x-api-key': apiKey },
  }
}
