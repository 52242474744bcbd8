/** Reading parts of a provider's request without trusting its shape: what is not there reads as empty. */

export type JsonObject = Record<string, unknown>

/** The value as an object; an empty one for anything else. */
export function object(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {}
}

/** The value as a list; an empty one for anything else. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value as a text; an empty one for anything else. */
export function string(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The value as a number, or null. */
export function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

/** A text, or a list of texts, as a list. */
export function strings(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string')
}

/** The text of a message's content in any of the formats; other kinds of parts read as their type's name. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content
  return list(content)
    .map((item) => {
      const part = object(item)
      if (part['type'] === 'tool_result') return contentText(part['content'])
      return typeof part['text'] === 'string' ? part['text'] : `[${string(part['type'])}]`
    })
    .join('')
}
