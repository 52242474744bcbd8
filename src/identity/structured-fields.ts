/**
 * Structured field values as far as message signatures need them: dictionaries of items and inner lists, strictly read
 * and bounded. Stricter than the standard where it lets two texts mean one thing: duplicate keys are malformed, and
 * decimals and dates, which no signature has, are not known. Never throws. Source: RFC 8941, 3 and 4.
 */

export type BareItem =
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'token'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'boolean'; readonly value: boolean }

type Parameters = ReadonlyMap<string, BareItem>

export interface Item {
  readonly kind: 'item'
  readonly value: BareItem
  readonly parameters: Parameters
}

export interface InnerList {
  readonly kind: 'inner_list'
  readonly items: readonly Item[]
  readonly parameters: Parameters
}

export type Member = Item | InnerList
export type Dictionary = ReadonlyMap<string, Member>

export type DictionaryOutcome =
  | { readonly kind: 'parsed'; readonly dictionary: Dictionary }
  /** `at` counts characters from 0. */
  | { readonly kind: 'malformed'; readonly at: number }

/** Characters of a field; what signs a request takes a few hundred. */
export const FIELD_LENGTH_MAX = 2048
/** Members of a dictionary, items of a list, parameters of either. */
const ENTRIES_MAX = 32

const KEY = /[a-z*][a-z0-9_.*-]*/y
const INTEGER = /-?[0-9]{1,15}(?![0-9.])/y
const STRING = /"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y
const TOKEN = /[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*/y
const BYTES = /:[A-Za-z0-9+/]*={0,2}:/y
const BOOLEAN = /\?[01]/y
const SPACES = / */y
const COMMA = /[ \t]*,[ \t]*(?!$)/y
const EQUALS = /=/y
const OPEN = /\(/y
const CLOSE = /\)/y
const SEMICOLON = /; */y

/** Reads a dictionary field. */
export function parseDictionary(text: string): DictionaryOutcome {
  if (text.length > FIELD_LENGTH_MAX) return { kind: 'malformed', at: FIELD_LENGTH_MAX }
  const scanner = new Scanner(text)
  const dictionary = readDictionary(scanner)
  return dictionary === null || !scanner.done
    ? { kind: 'malformed', at: scanner.at }
    : { kind: 'parsed', dictionary }
}

/** The one text that the standard gives a dictionary. */
export function serializeDictionary(dictionary: Dictionary): string {
  return [...dictionary]
    .map(([key, member]) => {
      const value = isTrue(member) ? '' : `=${serializeBare(member)}`
      return key + value + serializeParameters(member.parameters)
    })
    .join(', ')
}

/** The one text that the standard gives a member, without its key. */
export function serializeMember(member: Member): string {
  return serializeBare(member) + serializeParameters(member.parameters)
}

class Scanner {
  readonly #text: string
  at = 0

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.at === this.#text.length
  }

  /** What `pattern` matches here, and steps over it; null where it doesn't. */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.#text)?.[0] ?? null
    if (found !== null) this.at += found.length
    return found
  }
}

function readDictionary(scanner: Scanner): Dictionary | null {
  const dictionary = new Map<string, Member>()
  do {
    const key = scanner.take(KEY)
    if (key === null || dictionary.has(key) || dictionary.size === ENTRIES_MAX) return null
    const member = scanner.take(EQUALS) === null ? readFlag(scanner) : readMember(scanner)
    if (member === null) return null
    dictionary.set(key, member)
  } while (scanner.take(COMMA) !== null)
  return dictionary
}

/** A key without a value is true. */
function readFlag(scanner: Scanner): Item | null {
  const parameters = readParameters(scanner)
  return parameters && { kind: 'item', value: TRUE, parameters }
}

function readMember(scanner: Scanner): Member | null {
  return scanner.take(OPEN) === null ? readItem(scanner) : readInnerList(scanner)
}

/** After its opening parenthesis. */
function readInnerList(scanner: Scanner): InnerList | null {
  const items: Item[] = []
  scanner.take(SPACES)
  while (scanner.take(CLOSE) === null) {
    const item = readItem(scanner)
    if (item === null || items.length === ENTRIES_MAX) return null
    items.push(item)
    if (scanner.take(SPACES) === '') {
      if (scanner.take(CLOSE) === null) return null
      break
    }
  }
  const parameters = readParameters(scanner)
  return parameters && { kind: 'inner_list', items, parameters }
}

function readItem(scanner: Scanner): Item | null {
  const value = readBareItem(scanner)
  const parameters = value && readParameters(scanner)
  return parameters && { kind: 'item', value, parameters }
}

function readParameters(scanner: Scanner): Parameters | null {
  const parameters = new Map<string, BareItem>()
  while (scanner.take(SEMICOLON) !== null) {
    const key = scanner.take(KEY)
    if (key === null || parameters.has(key) || parameters.size === ENTRIES_MAX) return null
    const value = scanner.take(EQUALS) === null ? TRUE : readBareItem(scanner)
    if (value === null) return null
    parameters.set(key, value)
  }
  return parameters
}

function readBareItem(scanner: Scanner): BareItem | null {
  const integer = scanner.take(INTEGER)
  if (integer !== null) return { kind: 'integer', value: Number(integer) }
  const string = scanner.take(STRING)
  if (string !== null) return { kind: 'string', value: unquoted(string) }
  const bytes = scanner.take(BYTES)
  if (bytes !== null) return readBytes(bytes.slice(1, -1))
  const boolean = scanner.take(BOOLEAN)
  if (boolean !== null) return { kind: 'boolean', value: boolean === '?1' }
  const token = scanner.take(TOKEN)
  return token === null ? null : { kind: 'token', value: token }
}

/** Null unless it is the one padded base64 of its bytes. */
function readBytes(base64: string): BareItem | null {
  const value = Buffer.from(base64, 'base64')
  return value.toString('base64') === base64 ? { kind: 'bytes', value } : null
}

function unquoted(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(["\\])/g, '$1')
}

const TRUE: BareItem = { kind: 'boolean', value: true }

function isTrue(member: Member): boolean {
  return member.kind === 'item' && member.value.kind === 'boolean' && member.value.value
}

function serializeBare(member: Member): string {
  return member.kind === 'item'
    ? serializeBareItem(member.value)
    : `(${member.items.map(serializeMember).join(' ')})`
}

function serializeParameters(parameters: Parameters): string {
  return [...parameters]
    .map(([key, value]) =>
      value.kind === 'boolean' && value.value ? `;${key}` : `;${key}=${serializeBareItem(value)}`,
    )
    .join('')
}

function serializeBareItem(item: BareItem): string {
  switch (item.kind) {
    case 'integer':
      return item.value.toString()
    case 'string':
      return `"${item.value.replace(/["\\]/g, '\\$&')}"`
    case 'token':
      return item.value
    case 'bytes':
      return `:${Buffer.from(item.value).toString('base64')}:`
    case 'boolean':
      return item.value ? '?1' : '?0'
  }
}
