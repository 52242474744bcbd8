import { expect, test } from 'vitest'
import { AnswerReader } from './http-answer.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nDate: today\r\n'
const WITH_LENGTH = `${HEAD}Content-Length: 5\r\n\r\nhello`
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\n, here are sixte\r\n0\r\n\r\n`

test.each([
  ['with a length', WITH_LENGTH, 'hello'],
  ['in chunks', CHUNKED, 'hello, here are sixte'],
  ['without a body', `HTTP/1.1 402 Payment Required\r\ncontent-length: 0\r\n\r\n`, ''],
])('an answer %s is read whole, wherever it is split', (_, text, body) => {
  const bytes = Buffer.from(text)
  for (let split = 1; split < bytes.length; split += 1) {
    const reader = new AnswerReader()
    expect(reader.push(bytes.subarray(0, split))).toBeNull()
    const answer = reader.push(bytes.subarray(split))
    expect(answer).toEqual({ status: Number(text.slice(9, 12)), body })
  }
})

test('an answer comes byte by byte; its body has begun with its first byte, not with its head', () => {
  const begun = [...Buffer.from(CHUNKED)].map((byte, index, all) => {
    const reader = new AnswerReader()
    for (const before of all.slice(0, index)) reader.push(Buffer.from([before]))
    reader.push(Buffer.from([byte]))
    return reader.bodyBytes > 0
  })
  expect(begun.indexOf(true)).toBe(CHUNKED.indexOf('hello') + 'hello\r\n'.length - 1)
})

test('an answer without a length is refused', () => {
  expect(() => new AnswerReader().push(Buffer.from(`${HEAD}\r\n`))).toThrow('without a length')
})
