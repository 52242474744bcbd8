/** Reads a provider's whole body, up to a limit. */
import type { UpstreamBody } from '../providers/provider.ts'
import { Pieces } from './pieces.ts'

export type Collected =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'stalled' }
  | { readonly kind: 'aborted' }

/** The body's bytes; `too_large` once they pass `bytesMax`, and then the connection is closed. */
export async function collect(body: UpstreamBody, bytesMax: number): Promise<Collected> {
  const pieces = new Pieces()
  let isTooLarge = false
  const end = await body.read((chunk) => {
    isTooLarge ||= pieces.size + chunk.length > bytesMax
    if (isTooLarge) body.cancel()
    else pieces.add(chunk)
    return true
  })
  if (isTooLarge) return { kind: 'too_large' }
  if (end.kind === 'ended') return { kind: 'whole', bytes: pieces.whole() }
  return { kind: end.kind }
}
