/**
 * RFC 8785 (JSON Canonicalization Scheme): one text for each JSON value, so that it can be hashed and signed.
 * Imports nothing.
 */

/**
 * The canonical text: members sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes
 * them. Members that are undefined are left out. Throws a TypeError for what I-JSON cannot carry: numbers that are not
 * finite, strings with lone surrogates, values of other types.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`${value} is no JSON`)
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'number') {
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} is no JSON`)
  const members = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, item]) => `${quoted(name)}:${canonicalJson(item)}`).join(',')}}`
}

function quoted(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new TypeError('a string with a lone surrogate is no I-JSON')
  }
  return JSON.stringify(text)
}
