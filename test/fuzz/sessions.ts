/** Sessions and vouchers: what is asked for, the text that is signed, the header that authorises. */

import fc from 'fast-check'
import { parseVoucherHeader, voucherHeader } from '../../src/chain/voucher.ts'
import { readChallengeRequest } from '../../src/identity/challenge-request.ts'
import { readSignedChallenge } from '../../src/identity/session-challenge.ts'
import {
  isLabel,
  isModelId,
  parseInstant,
  parseSessionText,
  sessionText,
} from '../../src/identity/session-text.ts'
import { parseUnits } from '../../src/money.ts'
import { recall } from '../../src/request/recall.ts'
import { VoucherReader } from '../../src/request/vouchers.ts'
import { type Fuzzer, fed, fedLater, fuzzer, hold, holdRefusal } from './fuzzer.ts'
import {
  AGENT,
  addressesOf,
  agentSigns,
  CALL_TARGET,
  CHALLENGE,
  DIGEST,
  ISSUED_AT,
  ISSUER,
  NOW,
  VOUCHER,
} from './samples.ts'
import { floods, mutatedFields, mutatedText, mutatedValue } from './wild.ts'

/** Messages of the form, whose values may not be what they should. */
const writtenTexts: fc.Arbitrary<string> = fc
  .record({
    limit: fc.constantFrom('300000', '0300', 'unlimited', 'abc', '9'.repeat(20), '9'.repeat(21)),
    ttl: fc.constantFrom('3600', '03600', '0', '9999999', '1'),
    models: fc.constantFrom('any', 'a b', 'a  b', ' a', 'any any', 'a'.repeat(200)),
    label: fc.constantFrom('', 'Request ID: a%20b', 'Request ID: %2', 'Request ID: %7F%61', 'x'),
    chain: fc.constantFrom('localnet', 'mainnet'),
    issuedAt: fc.constantFrom(ISSUED_AT, '2026-11-21T12:00:00Z', '9999-99-99T99:99:99.999Z'),
  })
  .map(({ limit, ttl, models, label, chain, issuedAt }) => {
    const [head = '', ...rest] = CHALLENGE.split('\n\n')
    const terms = `Open a level5 session: spend_limit ${limit}, ttl_seconds ${ttl}, models ${models}.`
    const tail = (rest[1] ?? '')
      .replace('localnet', chain)
      .replace(ISSUED_AT, issuedAt)
      .replace(/\nRequest ID: .*$/, label === '' ? '' : `\n${label}`)
    return [head, terms, tail].join('\n\n')
  })

const PRESENTED = { message: CHALLENGE, signature: agentSigns(CHALLENGE) }

export const SESSIONS: readonly Fuzzer[] = [
  fuzzer({
    name: 'session-challenges',
    feeds: ['src/identity/challenge-request.ts#readChallengeRequest'],
    input: mutatedValue({
      pubkey: AGENT,
      spend_limit: '300000',
      models: ['gpt-4o-mini', 'gpt-4o'],
      ttl_seconds: 3_600,
      label: 'an agent',
    }),
    feed(body) {
      const asked = fed(() => readChallengeRequest(body))
      if (asked?.kind === 'refused') holdRefusal(asked.refusal, ['invalid_request'])
      if (asked?.kind !== 'asked') return
      const { terms, pubkey } = asked
      // What is issued must be read back, or the agent signs what nobody takes.
      const parts = { ...ISSUER, pubkey, terms, nonce: '0'.repeat(32), issuedAt: ISSUED_AT }
      const text = sessionText({ ...parts, expiresAt: ISSUED_AT })
      hold(parseSessionText(text) !== null, `a challenge that cannot be read back: ${text}`)
    },
    floods: (bytes) => floods(bytes).map((text) => ({ pubkey: text, label: text, models: [text] })),
  }),
  fuzzer({
    name: 'session-texts',
    feeds: [
      'src/identity/session-text.ts#parseSessionText',
      'src/identity/session-text.ts#parseInstant',
      'src/identity/session-text.ts#isLabel',
      'src/identity/session-text.ts#isModelId',
      'src/identity/session-challenge.ts#readSignedChallenge',
    ],
    input: fc.oneof(
      mutatedFields(PRESENTED),
      writtenTexts.map((message) => ({ message, signature: agentSigns(message) })),
    ),
    feed({ message = '', signature = '' }) {
      const parts = fed(() => parseSessionText(message))
      hold(parts == null || sessionText(parts) === message, 'two texts of one meaning')
      fed(() => [isLabel(signature), isModelId(signature), isLabel(message), isModelId(message)])
      const proof = fed(() => readSignedChallenge(ISSUER, { message, signature }, NOW))
      if (proof?.kind === 'refused') {
        holdRefusal(proof.refusal, ['invalid_request', 'invalid_session', 'invalid_signature'])
      } else {
        hold(message === CHALLENGE && proof?.agent === AGENT, 'terms that nobody signed')
      }
    },
    floods: (bytes) =>
      floods(bytes).map((text) => ({
        message: CHALLENGE.replace('any', () => text),
        signature: text,
      })),
  }),
  fuzzer({
    name: 'instants',
    feeds: ['src/identity/session-text.ts#parseInstant'],
    input: mutatedText(ISSUED_AT, '2026-02-30T24:60:60.000Z', '0000-01-01T00:00:00.000Z'),
    feed(text) {
      const at = fed(() => parseInstant(text))
      hold(at == null || new Date(at).toISOString() === text, 'an instant of two texts')
    },
    floods,
  }),
  fuzzer({
    name: 'vouchers',
    feeds: ['src/chain/voucher.ts#parseVoucherHeader', 'src/request/vouchers.ts#VoucherReader'],
    input: mutatedText(
      VOUCHER,
      VOUCHER.replace(':0:', ':-9223372036854775808:'),
      VOUCHER.replace(/^\d+/, '9'.repeat(20)),
    ),
    feed(text) {
      const voucher = fed(() => parseVoucherHeader(text))
      hold(voucher == null || voucherHeader(voucher) === text, 'a voucher of two texts')
      const read = fed(() => new VoucherReader(addressesOf).read(AGENT, text))
      if (read?.kind === 'refused') holdRefusal(read.refusal, ['invalid_voucher'])
      else hold(text === VOUCHER, 'a voucher that nobody signed')
    },
    floods,
  }),
  fuzzer({
    name: 'units',
    feeds: ['src/money.ts#parseUnits'],
    input: mutatedValue('4230000', '0', '18446744073709551615'),
    feed(value) {
      const units = fed(() => parseUnits(value))
      hold(units == null || units.toString() === value, 'an amount of two texts')
    },
    floods,
  }),
  fuzzer({
    name: 'idempotency-keys',
    feeds: ['src/request/recall.ts#recall'],
    input: mutatedText('a1b2c3d4e5f6-7890_abcdef', 'A'.repeat(128)),
    async feed(key) {
      const asked: string[] = []
      const ledger = {
        recall: async (_agent: string, keyed: { readonly key: string }) => {
          asked.push(keyed.key)
          return null
        },
      }
      const incoming = { header: () => key, method: 'POST', target: CALL_TARGET }
      const caller = {
        agent: AGENT,
        auth: { session: 's' },
        nonce: null,
        session: null,
        priceVersion: null,
      }
      const found = await fedLater(() => recall(ledger, incoming, { caller, bodyDigest: DIGEST }))
      if (found?.kind === 'refused') holdRefusal(found.refusal, ['invalid_request'])
      hold(
        asked.every((one) => /^[\w-]{16,128}$/.test(one)),
        'a key of any form is looked up',
      )
    },
    floods,
  }),
]
