// The pins: an answer of GET /v1/deposit or of a 402 that differs from them is refused.
import { expect, test } from 'vitest'
import { createAgent } from '../../src/agent/index.ts'
import { contradictions, type Pins } from '../../src/agent/payment-terms.ts'
import vectors from '../vectors.json' with { type: 'json' }

const { program } = vectors
const STRANGER = vectors.receipt_key.pubkey
const TERMS = {
  network: 'localnet',
  program: program.program_id,
  gateway: program.gateway.address,
  vault: program.vault.address,
  deposit_address: program.deposit_address,
  mint: program.mint,
  asset: 'USDC',
  decimals: 6,
  commitment: 'finalized',
  rpc_url: null,
}
const NOTHING: Pins = { chain: null, program: null, gateway: null, mint: null }
const ALL: Pins = {
  chain: 'localnet',
  program: TERMS.program,
  gateway: TERMS.gateway,
  mint: TERMS.mint,
}

test('terms that follow from program, gateway and mint are accepted', () => {
  expect(contradictions(TERMS, NOTHING, vectors.agent.pubkey)).toEqual([])
  expect(contradictions(TERMS, ALL, vectors.agent.pubkey)).toEqual([])
})

test.each(['program', 'gateway', 'mint', 'vault', 'deposit_address'] as const)(
  'another %s is named',
  (field) => {
    const changed = { ...TERMS, [field]: STRANGER }
    expect(contradictions(changed, ALL, vectors.agent.pubkey).join()).toContain(`${field}: `)
    expect(contradictions(changed, NOTHING, vectors.agent.pubkey)).not.toEqual([])
  },
)

test.each([
  ['network', 'mainnet'],
  ['asset', 'USDT'],
  ['decimals', 9],
] as const)('another %s is named', (field, value) => {
  const found = contradictions({ ...TERMS, [field]: value }, ALL, vectors.agent.pubkey)
  expect(found.join()).toContain(`${field}: `)
})

test.each([null, undefined, 7, 'x', [], { ...TERMS, program: 'x' }, { ...TERMS, mint: 5 }])(
  'what is no terms at all is refused: %j',
  (stated) => {
    expect(contradictions(stated, NOTHING, vectors.agent.pubkey)).not.toEqual([])
  },
)

/** An agent whose gateway answers each target with one JSON value. */
function agentOf(answers: Record<string, [status: number, body: unknown]>, pins: object) {
  return createAgent({
    key: Buffer.from(vectors.agent.secret_key_hex, 'hex'),
    url: 'http://gw.example.com',
    transport: async (input) => {
      const [status, body] = answers[new URL(String(input)).pathname] ?? [404, {}]
      return new Response(JSON.stringify(body), { status })
    },
    ...pins,
  })
}

const code = (wanted: string) => expect.objectContaining({ code: wanted })

test('a differing GET /v1/deposit is refused by depositTerms, deposit and every call', async () => {
  const answers = { '/v1/deposit': [200, { ...TERMS, vault: STRANGER }] } as const
  const agent = agentOf({ '/v1/deposit': [...answers['/v1/deposit']] }, {})
  await expect(agent.depositTerms()).rejects.toEqual(code('untrusted_answer'))
  await expect(agent.deposit({ usdc: '1' })).rejects.toEqual(code('untrusted_answer'))
  await expect(agent.balance()).rejects.toEqual(code('untrusted_answer'))
})

test('a differing payment of a 402 is refused; an equal one reaches the caller', async () => {
  const error = { message: 'no money', type: 'x', param: null, code: 'insufficient_balance' }
  const payment = { required: '2', available: '1', shortfall: '1', ...TERMS }
  const honest = agentOf({ '/v1/quote': [402, { error, payment }] }, ALL)
  await expect(honest.quote({})).rejects.toMatchObject({ code: 'insufficient_balance', payment })
  const changed = { ...payment, deposit_address: STRANGER }
  const thief = agentOf({ '/v1/quote': [402, { error, payment: changed }] }, ALL)
  await expect(thief.quote({})).rejects.toEqual(code('untrusted_answer'))
  await expect(thief.fetch('/v1/quote')).rejects.toEqual(code('untrusted_answer'))
})

test('on localnet the first answer pins: another gateway later is refused', async () => {
  const answers: Record<string, [number, unknown]> = { '/v1/deposit': [200, TERMS] }
  const agent = agentOf(answers, {})
  await agent.depositTerms()
  const mint = STRANGER
  answers['/v1/deposit'] = [200, { ...TERMS, mint }]
  await expect(agent.depositTerms()).rejects.toThrow(/mint/)
})

test('on a public chain nothing is deposited without pins', async () => {
  const answers: Record<string, [number, unknown]> = {
    '/v1/deposit': [200, { ...TERMS, network: 'devnet' }],
  }
  await expect(agentOf(answers, {}).deposit({ usdc: '1' })).rejects.toEqual(code('unpinned'))
  const half = { program: TERMS.program }
  await expect(agentOf(answers, half).deposit({ usdc: '1' })).rejects.toEqual(code('unpinned'))
  const whole = { ...half, gateway: TERMS.gateway }
  // Pinned: it goes on to ask for an RPC node.
  await expect(agentOf(answers, whole).deposit({ usdc: '1' })).rejects.toThrow(/rpcUrl/)
})

test.each([{}, { usdc: '1', units: '1' }, { usdc: '0' }, { usdc: '1.0000001' }, { units: '-1' }])(
  'refuses to deposit %j',
  async (wish) => {
    const agent = agentOf({ '/v1/deposit': [200, TERMS] }, ALL)
    await expect(agent.deposit(wish)).rejects.toEqual(code('invalid_option'))
  },
)
