import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJsonObject, setMember, spliced } from '../../src/formats/json.ts'
import { NESTING_MAX, scanObject, VALUES_MAX } from '../../src/formats/json-scan.ts'

/** What the reader says of a text: its value, or the code and message of the refusal. */
function read(text: string | Buffer): { value: unknown } | { code: string; message: string } {
  const outcome = readJsonObject(Buffer.from(text))
  if (outcome.kind === 'read') return { value: outcome.json.value }
  return { code: outcome.refusal.code, message: outcome.refusal.message }
}

/** White space as JSON allows it, by a seed. */
function spread(text: string, gaps: readonly string[]): string {
  let gap = 0
  return text.replace(/"(?:[^"\\]|\\.)*"|[{}[\]:,]/g, (token) =>
    token.startsWith('"')
      ? token
      : `${gaps[gap++ % gaps.length]}${token}${gaps[gap++ % gaps.length]}`,
  )
}

const GAPS = fc.array(fc.constantFrom('', ' ', '\n', '\r\n\t', '  '), { minLength: 1 })
const OBJECT = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 6 }))

test('S3: agrees with JSON.parse on every JSON object, however it is spaced', () => {
  fc.assert(
    fc.property(OBJECT, GAPS, (object, gaps) => {
      const text = spread(JSON.stringify(object), gaps)
      expect(read(text)).toEqual({ value: JSON.parse(text) })
    }),
    { numRuns: 500 },
  )
})

test('S3: knows where each outermost member stands', () => {
  fc.assert(
    fc.property(OBJECT, GAPS, (object, gaps) => {
      const bytes = Buffer.from(spread(JSON.stringify(object), gaps))
      const scan = scanObject(bytes, VALUES_MAX)
      if (scan.kind === 'refused') throw new Error(scan.why)
      const stood = [...scan.members].map(([name, { start, end }]) => [
        name,
        JSON.parse(bytes.toString('utf8', start, end)),
      ])
      expect(stood).toEqual(
        Object.entries(JSON.parse(bytes.toString('utf8'))).toSorted(byPlace(stood)),
      )
    }),
    { numRuns: 300 },
  )
})

test('S3: never throws and never accepts what JSON.parse does not', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\\"',
    'a',
    '1',
    ' ',
    'null',
    '\\u0061',
  )
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 40 }).map((list) => `{${list.join('')}`),
    fc.string({ unit: 'binary' }),
    OBJECT.map((object) => JSON.stringify(object).slice(0, -1)),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const outcome = read(text)
      if ('value' in outcome) expect(outcome.value).toEqual(JSON.parse(text))
      else expect(outcome.code).toBe('invalid_json')
    }),
    { numRuns: 3000 },
  )
})

test('S3: never throws on arbitrary bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      readJsonObject(bytes)
      readJsonObject(Buffer.concat([Buffer.from('{"a":'), bytes, Buffer.from('}')]))
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['invalid UTF-8', Buffer.from('{"a":"\xff"}', 'latin1')],
  ['an overlong encoding', Buffer.from('{"a":"\xc0\xaf"}', 'latin1')],
  ['an encoded surrogate', Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1')],
  ['a byte order mark', '\ufeff{}'],
  ['nothing', ''],
  ['a list', '[{"model":"m"}]'],
  ['a text', '"{}"'],
  ['a second value', '{} {}'],
  ['a trailing comma', '{"a":1,}'],
  ['a comment', '{"a":1/**/}'],
  ['a bare key', '{a:1}'],
  ['single quotes', "{'a':1}"],
  ['not a number', '{"a":NaN}'],
  ['a line feed in a text', '{"a":"\n"}'],
  ['an unknown escape', '{"a":"\\x"}'],
  ['an unknown escape in a key', '{"\\x":1}'],
  ['crossed brackets', '{"a":[1}]'],
  ['an open end', '{"a":{"b":1}'],
  ['a key twice', '{"model":"a","model":"b"}'],
  ['a key twice, once escaped', '{"max_tokens":1,"max\\u005ftokens":9}'],
  [
    'a key twice, deep down',
    '{"messages":[{"role":"user","content":[{"a":1,"b":{"c":1},"a":2}]}]}',
  ],
  ['a prototype key twice', '{"__proto__":1,"__proto__":2}'],
  ['an empty key twice', '{"":1,"":2}'],
])('S3: refuses %s', (_what, text) => {
  expect(read(text)).toMatchObject({ code: 'invalid_json' })
})

test('S3: takes the same key in different objects', () => {
  expect(read('{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":1}}')).toHaveProperty('value')
})

test('S3: keeps prototype keys as data', () => {
  const outcome = read('{"__proto__":{"polluted":true},"constructor":1}')
  expect(outcome).toHaveProperty('value')
  expect(Object.hasOwn('value' in outcome ? Object(outcome.value) : {}, '__proto__')).toBe(true)
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
})

test.each([
  [NESTING_MAX, 'value'],
  [NESTING_MAX + 1, 'code'],
  [1_000_000, 'code'],
])('S3: nesting %i deep gives a %s', (depth, outcome) => {
  const inner = depth - 1
  expect(read(`{"a":${'['.repeat(inner)}${']'.repeat(inner)}}`)).toHaveProperty(outcome)
  expect(read(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)).toHaveProperty(outcome)
})

test('S3: refuses more values than it would be wise to parse', () => {
  expect(read(`{"a":[${'0,'.repeat(VALUES_MAX)}0]}`)).toMatchObject({ code: 'invalid_json' })
})

/**
 * Time is held by counting the work: every byte that the scanner looks at by itself, and every byte that it asks the
 * native search to pass over.
 */
test('M6: one letter repeated, and one quote or backslash repeated, are scanned in linear time', () => {
  for (const filling of ['a', '\\"', '\\\\', '"",']) {
    const small = scanWork(filling.repeat(20_000))
    const large = scanWork(filling.repeat(200_000))
    expect(large / small, filling).toBeLessThan(11)
  }
  const body = Buffer.from(`{"model":"m","a":"${'x'.repeat(8 * 1024 * 1024)}"}`)
  expect(readJsonObject(body).kind).toBe('read')
  expect(scanWork('x'.repeat(80_000))).toBeLessThan(81_000)
})

/** Bytes looked at while scanning an object that holds `filling` in a list, by a buffer that counts its reads. */
function scanWork(filling: string): number {
  const text = filling.endsWith(',') ? `{"a":[${filling}""]}` : `{"a":["${filling}"]}`
  const bytes = Buffer.from(text)
  let work = 0
  const counting = new Proxy(bytes, {
    get(target, property) {
      if (property === 'indexOf') {
        return (byte: number, from: number): number => {
          const found = target.indexOf(byte, from)
          work += (found === -1 ? target.length : found) - from + 1
          return found
        }
      }
      if (typeof property === 'string' && /^\d+$/.test(property)) work += 1
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  expect(scanObject(counting, VALUES_MAX).kind).toBe('object')
  return work
}

/** Orders entries as they stood: objects list keys that look like numbers first, texts do not. */
function byPlace(
  stood: readonly unknown[][],
): (a: [string, unknown], b: [string, unknown]) => number {
  const places = new Map(stood.map(([name], at) => [name, at]))
  return ([a], [b]) => (places.get(a) ?? -1) - (places.get(b) ?? -1)
}

describe('splicing', () => {
  test('sets a member and leaves every other byte', () => {
    fc.assert(
      fc.property(
        OBJECT,
        GAPS,
        fc.string({ unit: 'binary' }),
        fc.nat(),
        (object, gaps, name, number) => {
          const text = spread(JSON.stringify(object), gaps)
          const read = readJsonObject(Buffer.from(text))
          if (read.kind === 'refused') throw new Error(read.refusal.message)
          const splice = setMember(read.json, name, String(number))
          const after = Buffer.from(spliced(read.json.bytes, [splice])).toString('utf8')
          expect(JSON.parse(after)).toEqual(
            Object.fromEntries([...Object.entries(JSON.parse(text)), [name, number]]),
          )
          expect(after.length - splice.text.length).toBe(
            Buffer.from(text).subarray(0, splice.start).toString('utf8').length +
              Buffer.from(text).subarray(splice.end).toString('utf8').length,
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  test('sets several members at once, in order', () => {
    const read = readJsonObject(Buffer.from('{ "a" : 1 , "b" : [2] }'))
    if (read.kind === 'refused') throw new Error(read.refusal.message)
    const { json } = read
    const splices = [
      setMember(json, 'c', '3'),
      setMember(json, 'a', 'null'),
      setMember(json, 'd', '{}'),
    ]
    const text = Buffer.from(spliced(json.bytes, splices)).toString('utf8')
    expect(text).toBe('{ "a" : null , "b" : [2],"c":3,"d":{} }')
  })

  test('sets a member of an empty object', () => {
    const read = readJsonObject(Buffer.from('{ }'))
    if (read.kind === 'refused') throw new Error(read.refusal.message)
    const bytes = spliced(read.json.bytes, [setMember(read.json, 'a', '1')])
    expect(Buffer.from(bytes).toString('utf8')).toBe('{ "a":1}')
  })
})
