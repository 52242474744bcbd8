/** Reads a provider's whole body, up to a limit. */
import type { UpstreamBody } from '../providers/provider.ts'

export type Collected =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'stalled' }
  | { readonly kind: 'aborted' }

/** The body's bytes; `too_large` once they pass `bytesMax`, and then the connection is closed. */
export async function collect(body: UpstreamBody, bytesMax: number): Promise<Collected> {
  const chunks: Uint8Array[] = []
  let size = 0
  const end = await body.read((chunk) => {
    size += chunk.length
    if (size > bytesMax) body.cancel()
    else chunks.push(chunk)
    return true
  })
  if (size > bytesMax) return { kind: 'too_large' }
  if (end.kind === 'ended') return { kind: 'whole', bytes: Buffer.concat(chunks, size) }
  return { kind: end.kind }
}
