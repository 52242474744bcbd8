/** The providers that a gateway can serve. A new one is one file with its address and one line here. */
import { anthropic } from './anthropic.ts'
import { openai } from './openai.ts'
import type { ProviderAddress } from './provider.ts'

/** What the operator configured of one provider. */
export interface ProviderAccount {
  readonly apiKey: string
  readonly baseUrl: string
}

const PROVIDERS = {
  openai,
  anthropic,
} as const satisfies Record<string, (apiKey: string, baseUrl: string) => ProviderAddress>

export type ProviderName = keyof typeof PROVIDERS

/** The addresses of the providers that have an account; the others are not served. */
export function providerAddresses(
  accounts: Readonly<Record<ProviderName, ProviderAccount | null>>,
): ProviderAddress[] {
  const names = Object.keys(PROVIDERS) as ProviderName[]
  return names.flatMap((name) => {
    const account = accounts[name]
    return account === null ? [] : [PROVIDERS[name](account.apiKey, account.baseUrl)]
  })
}
