// A challenge is signed only if it names the agent's own origin, chain, key and terms.
import { expect, test } from 'vitest'
import { challengeContradiction, type SessionWish } from '../../src/agent/session.ts'
import vectors from '../vectors.json' with { type: 'json' }

const AUDIENCE = { origin: 'https://gw.example.com', chain: 'mainnet' } as const
const WISH: SessionWish = {
  spend_limit: '300000',
  ttl_seconds: 3600,
  models: ['gpt-4o-mini', 'gpt-4o'],
}
const MESSAGE = vectors.session_message
const AGENT = vectors.agent.pubkey

test('the fixed challenge is what this wish asks for', () => {
  expect(challengeContradiction(MESSAGE, AGENT, AUDIENCE, WISH)).toBe(null)
  const { ttl_seconds: _, ...anyTime } = WISH
  expect(challengeContradiction(MESSAGE, AGENT, AUDIENCE, anyTime)).toBe(null)
})

test.each<[string, string, string, string]>([
  ['origin', MESSAGE.replaceAll('gw.example.com', 'gw.example.org'), AGENT, 'origin'],
  ['chain', MESSAGE.replace('Chain ID: mainnet', 'Chain ID: devnet'), AGENT, 'chain'],
  ['key', MESSAGE, vectors.receipt_key.pubkey, 'key'],
  ['spend limit', MESSAGE.replace('300000', '3000000'), AGENT, 'spend_limit'],
  ['unlimited spending', MESSAGE.replace('300000', 'unlimited'), AGENT, 'spend_limit'],
  ['time', MESSAGE.replace('3600', '36000'), AGENT, 'ttl_seconds'],
  ['models', MESSAGE.replace('gpt-4o-mini gpt-4o', 'any'), AGENT, 'models'],
  ['label', `${MESSAGE}\nRequest ID: x`, AGENT, 'label'],
  [
    'domain than its URI',
    MESSAGE.replace('gw.example.com wants', 'evil.example wants'),
    AGENT,
    'form',
  ],
  ['form', `${MESSAGE}\nResources:\n- https://a`, AGENT, 'form'],
  ['purpose', MESSAGE.replace('Open a level5 session', 'Send all my money'), AGENT, 'form'],
])('A3: another %s is not signed', (_, message, agent, named) => {
  expect(challengeContradiction(message, agent, AUDIENCE, WISH)).toContain(named)
})
