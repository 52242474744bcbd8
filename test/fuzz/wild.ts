/** Texts, bytes and values that nobody means well with: made from nothing, or from valid samples by changing them. */
import fc from 'fast-check'

/** Names that mean something to the language, to a parser or to nobody. */
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'toJSON',
  'hasOwnProperty',
  'then',
  'length',
  '0',
  '',
] as const

/** Pieces of text that parsers trip over. */
const PIECES = [
  '\0',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '"',
  '\\',
  '\\u0000',
  '{',
  '}',
  '[',
  '(',
  ')',
  ':',
  ';',
  ',',
  '=',
  '==',
  '%',
  '%00',
  '?',
  '#',
  '-',
  '+',
  '.',
  '/',
  '0',
  '-0',
  '1e999',
  'NaN',
  'Infinity',
  'null',
  'é',
  '\u2028',
  '\ud800',
  '\udc00x',
  '\u{1f4a9}',
  '\ufeff',
  '9'.repeat(20),
  '9'.repeat(400),
  'x'.repeat(5_000),
  ...KEYS,
] as const

const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 12 }))

const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1.5',
  '1e-7',
  '4294967296',
  '9007199254740993',
  '9223372036854775808',
  '1e21',
  '1e308',
  '1e999',
  '9'.repeat(400),
] as const

/** What has the members that every object inherits, as something else. */
const UNLIKE_OBJECTS = [
  '{"toString":1}',
  '{"__proto__":{"a":1}}',
  '{"length":{"toString":1}}',
  '{"toJSON":1,"valueOf":[]}',
] as const

/** JSON texts of any shape: hostile names (also twice in one object), huge numbers, lone surrogates, `deepest` levels. */
function jsonText(deepest: number): fc.Arbitrary<string> {
  return fc.letrec<{ json: string }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom('null', 'true', 'false', '""', '[]', '{}', '"\\ud800"', '"\\u0000"'),
      fc.constantFrom(...UNLIKE_OBJECTS),
      { arbitrary: fc.constantFrom(...NUMBERS), weight: 3 },
      piece.map((text) => JSON.stringify(text)),
      fc.constantFrom(nested('[', ']', deepest), nested('{"a":', '}', deepest)),
      fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
      fc
        .array(fc.tuple(fc.oneof(fc.constantFrom(...KEYS), piece), tie('json')), { maxLength: 5 })
        .map((members) => `{${members.map(([name, json]) => member(name, json)).join(',')}}`),
    ),
  })).json
}

/** What a document may hold that its reader walks. */
const wildJson = jsonText(300)

/** What comes as bytes. Floods nest deeper than any stack. */
const wildText = jsonText(1_000)

function nested(open: string, close: string, levels: number): string {
  return open.repeat(levels) + (open === '[' ? '' : '1') + close.repeat(levels)
}

function member(name: string, json: string): string {
  return `${JSON.stringify(name)}:${json}`
}

/** What happens to one place of a document. */
type Change =
  | { readonly kind: 'replace' | 'add' | 'rename'; readonly json: string; readonly name: string }
  | { readonly kind: 'drop' | 'twice' | 'wrap' }

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('replace' as const, 'add' as const, 'rename' as const),
    json: wildJson,
    name: fc.oneof(fc.constantFrom(...KEYS), piece),
  }),
  fc.record({ kind: fc.constantFrom('drop' as const, 'twice' as const, 'wrap' as const) }),
)

/** JSON texts of the samples with up to three places changed: replaced, dropped, named twice, renamed, wrapped, added to. */
export function mutatedJson(...samples: readonly unknown[]): fc.Arbitrary<string> {
  const changes = fc.array(fc.tuple(fc.noBias(fc.nat(1_000_000)), change), { maxLength: 3 })
  return fc.tuple(fc.constantFrom(...samples), changes).map(([sample, wanted]) => {
    const places = countPlaces(sample)
    const at = new Map(wanted.map(([place, how]) => [place % places, how]))
    return new Rewriter(at).text(sample)
  })
}

/** What JSON.parse makes of them. */
export function mutatedValue(...samples: readonly unknown[]): fc.Arbitrary<unknown> {
  return mutatedJson(...samples).map((text) => JSON.parse(text) as unknown)
}

function countPlaces(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, item) => sum + countPlaces(item), 1)
}

/** Writes a value as JSON, with changes at the places that they name (counted depth first). */
class Rewriter {
  readonly #changes: ReadonlyMap<number, Change>
  #place = 0

  constructor(changes: ReadonlyMap<number, Change>) {
    this.#changes = changes
  }

  text(value: unknown): string {
    const [only] = this.#written(null, value)
    return only ?? 'null'
  }

  /** Under a name: members; else items. None, one or two of them. */
  #written(name: string | null, value: unknown): string[] {
    const how = this.#changes.get(this.#place++)
    const json = this.#inner(value, how)
    const named = (text: string, by = name): string => (by === null ? text : member(by, text))
    switch (how?.kind) {
      case 'replace':
        return [named(how.json)]
      case 'rename':
        return [named(json, name === null ? null : how.name)]
      case 'drop':
        return []
      case 'twice':
        return [named(json), named(json)]
      case 'wrap':
        return [named(`[${json}]`)]
      default:
        return [named(json)]
    }
  }

  #inner(value: unknown, how: Change | undefined): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
    if (Array.isArray(value)) {
      const items = value.flatMap((item) => this.#written(null, item))
      return `[${[...items, ...(how?.kind === 'add' ? [how.json] : [])].join(',')}]`
    }
    const members = Object.entries(value).flatMap(([key, item]) => this.#written(key, item))
    const added = how?.kind === 'add' ? [member(how.name, how.json)] : []
    return `{${[...members, ...added].join(',')}}`
  }
}

/** One edit of a sequence, at places given as parts of its length. */
interface Edit<Part> {
  readonly kind: 'insert' | 'replace' | 'delete' | 'double' | 'cut' | 'swap'
  readonly from: number
  readonly to: number
  readonly part: Part
}

/** A part of a length, anywhere in it alike: what fast-check makes of doubles lies at their ends. */
export const place: fc.Arbitrary<number> = fc.noBias(
  fc.integer({ min: 0, max: 999_999 }).map((millionths) => millionths / 1_000_000),
)

function edits<Part>(part: fc.Arbitrary<Part>): fc.Arbitrary<Edit<Part>[]> {
  const kind = fc.constantFrom('insert', 'replace', 'delete', 'double', 'cut', 'swap')
  return fc.array(fc.record({ kind, from: place, to: place, part }) as fc.Arbitrary<Edit<Part>>, {
    maxLength: 4,
  })
}

/** How a kind of text is taken apart and put together. */
interface Scissors<Text extends { readonly length: number }> {
  slice(text: Text, from: number, to?: number): Text
  join(...parts: Text[]): Text
}

const STRINGS: Scissors<string> = {
  slice: (text, from, to) => text.slice(from, to),
  join: (...parts) => parts.join(''),
}

const BUFFERS: Scissors<Buffer> = {
  slice: (bytes, from, to) => bytes.subarray(from, to),
  join: (...parts) => Buffer.concat(parts),
}

/** Most edits touch little: a range is a sixteenth of the whole at most. */
function edited<Text extends { readonly length: number }>(
  { slice, join }: Scissors<Text>,
  text: Text,
  { kind, from, to, part }: Edit<Text>,
): Text {
  const start = Math.floor(from * text.length)
  const end = Math.min(text.length, start + 1 + Math.floor((to * text.length) / 16))
  const [head, body, tail] = [slice(text, 0, start), slice(text, start, end), slice(text, end)]
  switch (kind) {
    case 'insert':
      return join(head, part, body, tail)
    case 'replace':
      return join(head, part, tail)
    case 'delete':
      return join(head, tail)
    case 'double':
      return join(head, body, body, tail)
    case 'cut':
      return head
    case 'swap':
      return join(tail, body, head)
  }
}

/** The samples with up to four edits, or a text made from nothing. */
export function mutatedText(...samples: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: piece, weight: 1 },
    {
      arbitrary: fc
        .tuple(fc.constantFrom(...samples), edits(piece))
        .map(([sample, all]) =>
          all.reduce<string>((text, edit) => edited(STRINGS, text, edit), sample),
        ),
      weight: 9,
    },
  )
}

/** The samples with up to four edits, or bytes made from nothing. */
export function mutatedBytes(...samples: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const part: fc.Arbitrary<Buffer> = fc.oneof(
    fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    piece.map((text) => Buffer.from(text)),
    fc.constantFrom(Buffer.alloc(1), Buffer.alloc(8, 0xff), Buffer.from([0xc3]), Buffer.alloc(4)),
  )
  return fc.oneof(
    { arbitrary: part, weight: 1 },
    {
      arbitrary: fc
        .tuple(fc.constantFrom(...samples), edits(part))
        .map(([sample, all]) =>
          all.reduce<Buffer>((bytes, edit) => edited(BUFFERS, bytes, edit), Buffer.from(sample)),
        ),
      weight: 9,
    },
  )
}

/** Bytes of a JSON document: changed as a document, or as bytes. */
export function mutatedBody(...samples: readonly unknown[]): fc.Arbitrary<Buffer> {
  const texts = samples.map((sample) => Buffer.from(JSON.stringify(sample)))
  return fc.oneof(
    mutatedJson(...samples).map((text) => Buffer.from(text)),
    mutatedBytes(...texts),
    wildText.map((text) => Buffer.from(text)),
  )
}

/** Streams of events with one event's data changed as a document, or bytes anywhere; any line end. */
export function mutatedStream(...samples: readonly string[]): fc.Arbitrary<Buffer> {
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
  const places = samples.flatMap((sample) =>
    [...sample.matchAll(/^data: ?(\{.*\})$/gm)].map(({ 1: json = '', index }) => {
      const from = sample.indexOf(json, index)
      return { json, before: sample.slice(0, from), after: sample.slice(from + json.length) }
    }),
  )
  const changed = fc
    .constantFrom(...places)
    .chain(({ json, before, after }) =>
      mutatedJson(JSON.parse(json)).map((other) => before + other + after),
    )
  const documents = fc
    .tuple(changed, lineEnd)
    .map(([text, end]) => Buffer.from(text.replaceAll('\n', end)))
  const bytes = samples.flatMap((text) => [
    Buffer.from(text),
    Buffer.from(text.replaceAll('\n', '\r\n')),
  ])
  return fc.oneof(documents, mutatedBytes(...bytes))
}

/** A valid document's members, each kept, changed or left out: headers, environments, queries. */
export function mutatedFields(
  sample: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): fc.Arbitrary<Record<string, string>> {
  const names = [...Object.keys(sample), ...more]
  const field = (name: string) =>
    fc.oneof(
      { arbitrary: fc.constant(sample[name]), weight: 6 },
      { arbitrary: mutatedText(...Object.values(sample)), weight: 1 },
      { arbitrary: mutatedText(sample[name] ?? ''), weight: 2 },
      { arbitrary: fc.constant(undefined), weight: 1 },
    )
  return fc.tuple(...names.map(field)).map((values) =>
    Object.fromEntries(
      names.flatMap((name, index) => {
        const value = values[index]
        return value === undefined ? [] : [[name, value] as const]
      }),
    ),
  )
}

const REPEATED = [
  'a',
  ' ',
  '\\',
  '"',
  '\\"',
  '{"a":',
  '(',
  ';a',
  ',a',
  '1',
  ':',
  '\n',
  '=',
  '%',
  '\r',
] as const

/** Long texts of one thing over and over, and nested beyond any stack: only linear work without recursion ends on them. */
export function floods(bytes: number): string[] {
  const edges: [string, string][] = [
    ['', ''],
    ['{"a":"', '"}'],
    ['data: ', '\n\n'],
    ['sig=("', '")'],
  ]
  const levels = Math.floor(bytes / 2)
  return [
    `{"choices":${'['.repeat(levels)}${']'.repeat(levels)}}`,
    ...edges.flatMap(([before, after]) =>
      REPEATED.map((text) => before + text.repeat(Math.ceil(bytes / text.length)) + after),
    ),
  ]
}
