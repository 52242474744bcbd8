/** How much a provider generated, in bytes: every token is at least one, so they bound tokens from above. */

/** Members that carry labels or proofs of a generated item, not generated content. */
const LABELS = new Set([
  'id',
  'type',
  'role',
  'index',
  'status',
  'call_id',
  'finish_reason',
  'signature',
  'logprobs',
  'annotations',
  'citation',
  'citations',
])

/**
 * UTF-8 bytes of all texts in a generated value (a delta, a message, an output item), labels left out. Texts under
 * unknown names count: a bound must not miss a field that a provider adds. Walks without recursion, at any depth.
 */
export function generatedBytes(generated: unknown): number {
  let bytes = 0
  const rest: unknown[] = [generated]
  while (rest.length > 0) {
    const value = rest.pop()
    if (typeof value === 'string') bytes += Buffer.byteLength(value)
    else if (Array.isArray(value)) for (const item of value) rest.push(item)
    else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) if (!LABELS.has(name)) rest.push(member)
    }
  }
  return bytes
}
