import { expect, test } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import { chatReply } from '../support/provider.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] }

test.each([
  ['with a cap of its own', { max_tokens: 50 }],
  ['without a cap', {}],
])(
  'an agent whose deposit address is frozen is refused until it thaws: a call %s',
  async (_, cap) => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    const [vault] = await gateway.ledger.vaults()
    if (vault === undefined) throw new Error('the deposit opened no vault')
    await gateway.ledger.noteFrozen(vault.vault, true)

    const refused = await agent.post(CALL, { ...CHAT, ...cap })
    expect(refused.status).toBe(403)
    expect(refused.headers.get('x-should-retry')).toBe('false')
    expect(await refused.json()).toMatchObject({
      error: { code: 'forbidden', message: expect.stringMatching(/frozen.*deposit address.*thaw/) },
    })
    expect(gateway.provider.seen).toEqual([])
    const untouched = { available: 10_000n, held: 0n, spent: 0n }
    expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject(untouched)
    const balance = await agent.fetch('/v1/balance')
    expect(balance.status).toBe(200)

    await gateway.ledger.noteFrozen(vault.vault, false)
    gateway.provider.will(chatReply())
    expect((await agent.post(CALL, { ...CHAT, ...cap })).status).toBe(200)
  },
)
