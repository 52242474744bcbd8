/** Anthropic, and whatever speaks its API under another base URL. */
import type { ProviderAddress } from './provider.ts'

export const ANTHROPIC_BASE_URL = 'https://api.anthropic.com'
/** Sent where the client names no version. */
const ANTHROPIC_VERSION = '2023-06-01'

/** `baseUrl` as the Anthropic SDK reads it: without `/v1`. */
export function anthropic(apiKey: string, baseUrl: string): ProviderAddress {
  return {
    name: 'anthropic',
    baseUrl: baseUrl.replace(/\/+$/, ''),
    pathPrefix: '/v1',
    headers: { 'x-api-key': apiKey, 'anthropic-version': ANTHROPIC_VERSION },
  }
}
