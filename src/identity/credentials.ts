/** Which credential of a request decides. Source: wire contract, "Authentication". */

/** Reads one header by its lower-case name; undefined when absent. */
export type ReadHeader = (name: string) => string | undefined

export type Credential =
  | { readonly kind: 'signature' }
  /** As RFC 9421 has it. */
  | { readonly kind: 'message_signature' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'none' }

/**
 * A signature, if present, alone decides: the native one, then an HTTP message signature, of which one header is enough
 * to be found incomplete; then a session token in `Authorization: Bearer` or `x-api-key`.
 * Keys that are not session tokens (the dummies that SDKs always send) are no credential.
 */
export function findCredential(header: ReadHeader): Credential {
  if (header('x-agent-signature') !== undefined) return { kind: 'signature' }
  if (header('signature-input') !== undefined || header('signature') !== undefined) {
    return { kind: 'message_signature' }
  }
  const bearer = /^Bearer (l5_.*)$/i.exec(header('authorization') ?? '')?.[1]
  const apiKey = header('x-api-key')
  const token = bearer ?? (apiKey?.startsWith('l5_') ? apiKey : undefined)
  return token === undefined ? { kind: 'none' } : { kind: 'token', token }
}
