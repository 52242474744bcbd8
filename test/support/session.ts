/** Opens a session as an agent would. */
import type { TestAgent } from './agent.ts'

export interface OpenedSession {
  readonly id: string
  readonly token: string
  readonly expires_at: string
  readonly spend_limit: string | null
}

export async function challenge(url: string, pubkey: string, terms: object) {
  const response = await fetch(`${url}/v1/sessions/challenge`, {
    method: 'POST',
    body: JSON.stringify({ pubkey, ...terms }),
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as { message: string; nonce: string; expires_at: string }
}

export function present(
  url: string,
  message: string,
  signature: string,
  voucher?: string,
): Promise<Response> {
  const body = JSON.stringify({ message, signature, voucher })
  return fetch(`${url}/v1/sessions`, { method: 'POST', body })
}

export async function openSession(
  url: string,
  agent: TestAgent,
  terms: object = {},
  voucher?: string,
): Promise<OpenedSession> {
  const { message } = await challenge(url, agent.pubkey, terms)
  const response = await present(url, message, agent.signMessage(message), voucher)
  if (response.status !== 201) throw new Error(await response.text())
  return (await response.json()) as OpenedSession
}
