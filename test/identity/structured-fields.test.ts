import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BareItem,
  FIELD_LENGTH_MAX,
  type Item,
  type Member,
  parseDictionary,
  serializeDictionary,
  serializeMember,
} from '../../src/identity/structured-fields.ts'

const KEY = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,8}$/)
const bare: fc.Arbitrary<BareItem> = fc.oneof(
  fc.record({
    kind: fc.constant('integer' as const),
    value: fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }),
  }),
  fc.record({
    kind: fc.constant('string' as const),
    value: fc.stringMatching(/^[\x20-\x7e]{0,20}$/),
  }),
  fc.record({
    kind: fc.constant('token' as const),
    value: fc.stringMatching(/^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,10}$/),
  }),
  fc.record({
    kind: fc.constant('bytes' as const),
    value: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
)
const parameters = fc
  .array(fc.tuple(KEY, bare), { maxLength: 4 })
  .map((entries) => new Map(entries))
const item: fc.Arbitrary<Item> = fc.record({ kind: fc.constant('item'), value: bare, parameters })
const member: fc.Arbitrary<Member> = fc.oneof(
  item,
  fc.record({
    kind: fc.constant('inner_list' as const),
    items: fc.array(item, { maxLength: 5 }),
    parameters,
  }),
)
const dictionary = fc
  .array(fc.tuple(KEY, member), { minLength: 1, maxLength: 4 })
  .map((entries) => new Map(entries))

describe('structured fields', () => {
  test('whatever is written is read back as it was', () => {
    fc.assert(
      fc.property(dictionary, (written) => {
        const text = serializeDictionary(written)
        fc.pre(text.length <= FIELD_LENGTH_MAX)
        expect(parseDictionary(text)).toEqual({ kind: 'parsed', dictionary: written })
      }),
    )
  })

  test('random and damaged texts never throw, and what is read has one canonical text', () => {
    const piece = fc.constantFrom(...'a=b(");,: \t?10-9.\\"zé\u0000', 'sig=', '("@method")', ';x=1')
    const noise = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(noise, (text) => {
        const read = parseDictionary(text)
        if (read.kind === 'malformed') expect(read.at).toBeLessThanOrEqual(text.length)
        else expect(parseDictionary(serializeDictionary(read.dictionary))).toEqual(read)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a member of a message signature is read with its parts in order', () => {
    const text = 'sig1=("@method" "content-digest");created=1618884473;keyid="a\\"b";flag'
    const read = parseDictionary(text)
    if (read.kind !== 'parsed') return expect.fail(`malformed at ${read.at}`)
    const list = read.dictionary.get('sig1') ?? expect.fail()
    if (list.kind !== 'inner_list') return expect.fail()
    expect(list.items.map(({ value }) => value.value)).toEqual(['@method', 'content-digest'])
    expect([...list.parameters].map(([key, { value }]) => [key, value])).toEqual([
      ['created', 1618884473],
      ['keyid', 'a"b'],
      ['flag', true],
    ])
    expect(serializeMember(list)).toBe(text.slice('sig1='.length))
  })

  test.each([
    ['nothing', ''],
    ['a space before', ' a=1'],
    ['a space behind', 'a=1 '],
    ['a comma behind', 'a=1,'],
    ['a key twice', 'a=1, a=2'],
    ['a parameter twice', 'a=1;b=1;b=2'],
    ['an upper-case key', 'A=1'],
    ['a decimal', 'a=1.5'],
    ['sixteen digits', 'a=1234567890123456'],
    ['an open string', 'a="b'],
    ['a string with a control character', 'a="\n"'],
    ['a string beyond ASCII', 'a="é"'],
    ['an escape of something else', 'a="\\n"'],
    ['an open list', 'a=("b"'],
    ['items without a space', 'a=("b""c")'],
    ['a list in a list', 'a=(("b"))'],
    ['bytes without a colon', 'a=:AAAA'],
    ['base64 without padding', 'a=:AA:'],
    ['base64 with free bits', 'a=:AB==:'],
    ['base64 of URLs', 'a=:__8=:'],
    ['another boolean', 'a=?2'],
    ['33 members', Array.from({ length: 33 }, (_, i) => `a${i}`).join(',')],
    ['33 items', `a=(${Array.from({ length: 33 }, () => '1').join(' ')})`],
    ['33 parameters', `a=1${Array.from({ length: 33 }, (_, i) => `;a${i}`).join('')}`],
    ['more than 2048 characters', `a="${'b'.repeat(FIELD_LENGTH_MAX)}"`],
  ])('%s is malformed', (_, text) => {
    expect(parseDictionary(text).kind).toBe('malformed')
  })
})
