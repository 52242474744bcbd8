/** Which credential of a request decides. Source: wire contract, "Authentication". */

/** Reads one header by its lower-case name; undefined when absent. */
export type ReadHeader = (name: string) => string | undefined

export type Credential =
  | { readonly kind: 'signature' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'none' }

/**
 * A signature, if present, alone decides; then a session token in `Authorization: Bearer` or `x-api-key`.
 * Keys that are not session tokens (the dummies that SDKs always send) are no credential.
 */
export function findCredential(header: ReadHeader): Credential {
  if (header('x-agent-signature') !== undefined) return { kind: 'signature' }
  const bearer = /^Bearer (l5_.*)$/i.exec(header('authorization') ?? '')?.[1]
  const apiKey = header('x-api-key')
  const token = bearer ?? (apiKey?.startsWith('l5_') ? apiKey : undefined)
  return token === undefined ? { kind: 'none' } : { kind: 'token', token }
}
