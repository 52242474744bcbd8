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
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} is no JSON`)
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
      return members(value as Readonly<Record<string, unknown>>)
    default:
      throw new TypeError(`a ${typeof value} is no JSON`)
  }
}

function members(value: Readonly<Record<string, unknown>>): string {
  let text = ''
  // The default order is that of UTF-16 code units.
  for (const name of Object.keys(value).sort()) {
    const item = value[name]
    if (item === undefined) continue
    text += `${text === '' ? '' : ','}${quoted(name)}:${canonicalJson(item)}`
  }
  return `{${text}}`
}

function quoted(text: string): string {
  const quotedText = JSON.stringify(text)
  // ECMAScript escapes lone surrogates, so a text without an escape has none.
  if (quotedText.includes('\\u') && /\p{Surrogate}/u.test(text)) {
    throw new TypeError('a string with a lone surrogate is no I-JSON')
  }
  return quotedText
}
