import { expect, test } from 'vitest'
import { ANSWER_BYTES_MAX } from '../../src/ledger/idempotency-ledger.ts'
import { SentCopy } from '../../src/request/sent-copy.ts'

test('what was sent is copied as it was, up to the bound', () => {
  const copy = new SentCopy()
  expect(copy.whole()).toEqual(Buffer.alloc(0))
  const half = Buffer.alloc(ANSWER_BYTES_MAX / 2 - 1, 'a')
  for (const piece of [half, Buffer.from('b'), half, Buffer.from('c')]) copy.add(piece)
  const sent = Buffer.concat([half, Buffer.from('b'), half, Buffer.from('c')])
  expect(sent.equals(copy.whole() ?? Buffer.alloc(0))).toBe(true)
})

test('S1: a stream beyond the bound is not copied any more', () => {
  const copy = new SentCopy()
  copy.add(Buffer.alloc(ANSWER_BYTES_MAX))
  copy.add(new Uint8Array())
  expect(copy.whole()?.length).toBe(ANSWER_BYTES_MAX)
  copy.add(Buffer.alloc(1))
  expect(copy.whole()).toBeNull()
  copy.add(Buffer.alloc(1))
  expect(copy.whole()).toBeNull()
})
