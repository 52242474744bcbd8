import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ZERO } from '../../src/money.ts'
import { addressesOf, startGateway, until } from '../support/gateway.ts'
import { silence } from '../support/provider.ts'
import { challenge, openSession, present } from '../support/session.ts'
import { signVoucher } from '../support/voucher.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code
}

test('A3: opened, used by both headers, listed without token, revoked at once', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const terms = { spend_limit: '3000', models: ['gpt-4o-mini'], ttl_seconds: 60, label: 'mine' }
  const session = await openSession(gateway.url, agent, terms)
  expect(session).toEqual({
    id: expect.stringMatching(/^ses_/),
    token: expect.stringMatching(/^l5_/),
    expires_at: expect.stringMatching(/Z$/),
    spend_limit: '3000',
  })
  const body = JSON.stringify(CHAT)
  for (const headers of [
    { authorization: `Bearer ${session.token}` },
    { 'x-api-key': session.token },
  ]) {
    const response = await fetch(`${gateway.url}${CALL}`, { method: 'POST', body, headers })
    expect(response.status).toBe(200)
  }
  const listed = await (await agent.fetch('/v1/sessions')).text()
  expect(JSON.parse(listed)).toMatchObject({
    data: [{ id: session.id, spent: '52', held: '0', spend_limit: '3000', label: 'mine' }],
  })
  expect(listed).not.toContain(session.token)
  expect(listed).not.toContain(createHash('sha256').update(session.token).digest('hex'))
  const [record] = await gateway.ledger.calls(0, 1)
  expect(record?.auth).toEqual({ session: session.id })

  const headers = { authorization: `Bearer ${session.token}` }
  const path = `/v1/sessions/${session.id}`
  expect((await agent.fetch(path, { method: 'DELETE' })).status).toBe(204)
  expect((await agent.fetch(path, { method: 'DELETE' })).status).toBe(404)
  const gone = await fetch(`${gateway.url}/v1/balance`, { headers })
  expect(await codeOf(gone)).toBe('invalid_session')
})

test.each(['revoked by another process', 'expired'])(
  'A3: a session that was used and has %s since serves nobody, whatever is asked',
  async (how) => {
    let at = Date.now()
    const gateway = await startGateway({ now: () => at })
    const agent = await gateway.agent(10_000n)
    const { id, token } = await openSession(gateway.url, agent, {
      ttl_seconds: 60,
      models: ['gpt-4o-mini'],
    })
    const ask = (path: string, body: object | null, more: Record<string, string> = {}) =>
      fetch(`${gateway.url}${path}`, {
        headers: { authorization: `Bearer ${token}`, ...more },
        ...(body === null ? {} : { method: 'POST', body: JSON.stringify(body) }),
      })
    const keyed = { 'idempotency-key': 'a-key-of-this-session' }
    expect((await ask(CALL, CHAT)).status).toBe(200)
    expect((await ask(CALL, CHAT, keyed)).status).toBe(200)
    const { spent } = await gateway.ledger.balance(agent.pubkey)

    if (how === 'expired') at += 60_001
    else expect(await gateway.ledger.revokeSession(agent.pubkey, id, at)).toBe(true)

    const { max_tokens: _, ...uncapped } = CHAT
    const voucher = { 'x-agent-voucher': signVoucher(agent, 9_000n) }
    for (const refused of [
      ask(CALL, CHAT),
      ask(CALL, uncapped),
      ask(CALL, CHAT, keyed),
      ask(CALL, CHAT, voucher),
      ask(CALL, CHAT, { 'x-agent-voucher': 'none' }),
      ask(CALL, CHAT, { 'x-price-version': `sha256:${'0'.repeat(64)}` }),
      ask(CALL, { ...CHAT, model: 'text-only' }),
      ask(CALL, { ...CHAT, model: 'unheard-of' }, voucher),
      ask(CALL, {}),
      ask(CALL, { ...CHAT, user: 'u'.repeat(2_000_000) }),
      ask('/v1/messages/count_tokens', { model: 'claude-test', messages: CHAT.messages }),
      ask('/v1/quote', CHAT),
      ask('/v1/balance', null),
    ]) {
      const response = await refused
      expect(response.status).toBe(401)
      const told = await response.text()
      expect(told).toMatch(/invalid_session|authentication_error/)
      expect(told).toContain('The session is unknown, expired or revoked.')
    }
    expect(await gateway.ledger.voucher(agent.pubkey)).toBeNull()
    expect(gateway.provider.seen).toHaveLength(2)
    expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ spent, held: ZERO })
  },
)

test('A3: a token may not list, and deletes only its own session', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  const mine = await openSession(gateway.url, agent)
  const other = await openSession(gateway.url, agent)
  const headers = { authorization: `Bearer ${mine.token}` }
  const list = await fetch(`${gateway.url}/v1/sessions`, { headers })
  expect(list.status).toBe(403)
  const path = `${gateway.url}/v1/sessions/`
  expect((await fetch(path + other.id, { method: 'DELETE', headers })).status).toBe(403)
  expect((await fetch(path + mine.id, { method: 'DELETE', headers })).status).toBe(204)
  const stranger = await gateway.agent(0n)
  const foreign = await stranger.fetch(`/v1/sessions/${other.id}`, { method: 'DELETE' })
  expect(foreign.status).toBe(404)
})

test('A3: a challenge survives a failed try and opens one session, also after a restart', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  const thief = await gateway.agent(0n)
  const { message } = await challenge(gateway.url, agent.pubkey, {})
  const stolen = await present(gateway.url, message, thief.signMessage(message))
  expect(await codeOf(stolen)).toBe('invalid_signature')
  const altered = message.replace('unlimited', '5')
  const bent = await present(gateway.url, altered, agent.signMessage(altered))
  expect(bent.status).toBe(401)
  const signature = agent.signMessage(message)
  const both = await Promise.all([
    present(gateway.url, message, signature),
    present(gateway.url, message, signature),
  ])
  expect(both.map(({ status }) => status).sort()).toEqual([201, 401])
  const { message: unused } = await challenge(gateway.url, agent.pubkey, {})
  await gateway.restart()
  expect((await present(gateway.url, message, signature)).status).toBe(401)
  expect((await present(gateway.url, unused, agent.signMessage(unused))).status).toBe(201)
})

test('A3: parallel calls never spend above the limit of the session', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(1_000_000n)
  const body = JSON.stringify(CHAT)
  const hold = BigInt(body.length + 20)
  const { token } = await openSession(gateway.url, agent, { spend_limit: (hold * 3n).toString() })
  gateway.provider.will(silence)
  const headers = { authorization: `Bearer ${token}` }
  const codes: string[] = []
  for (let sent = 0; sent < 10; sent += 1) {
    void fetch(`${gateway.url}${CALL}`, { method: 'POST', body, headers }).then(
      async (response) => codes.push(await codeOf(response)),
      () => {},
    )
  }
  await until(() => codes.length === 7 && gateway.provider.seen.length === 3)
  expect(new Set(codes)).toEqual(new Set(['session_limit_reached']))
  expect((await gateway.ledger.balance(agent.pubkey)).held).toBe(hold * 3n)
})

test('a session that reached its limit is not asked to deposit what it has', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { token } = await openSession(gateway.url, agent, { spend_limit: '90' })
  const headers = { authorization: `Bearer ${token}` }
  const body = JSON.stringify({ ...CHAT, max_tokens: 100 })
  const response = await fetch(`${gateway.url}${CALL}`, { method: 'POST', body, headers })
  expect(response.status).toBe(402)
  const affordable = Math.max(0, Math.floor((90 - body.length) / 2))
  expect(await response.json()).toMatchObject({
    error: { code: 'session_limit_reached' },
    payment: { available: '10000', shortfall: '0', affordable_max_tokens: affordable },
  })
})

test('C8: a voucher of a session must reach all that can be spent then; too low a one consumes nothing', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const authorization = { headers: {} as Record<string, string> }
  await agent.post(CALL, CHAT)
  const open = await openSession(gateway.url, agent, { spend_limit: '1000' })
  authorization.headers['authorization'] = `Bearer ${open.token}`
  await fetch(`${gateway.url}${CALL}`, {
    method: 'POST',
    body: JSON.stringify(CHAT),
    ...authorization,
  })
  const needed = 52n + (1000n - 26n) + 3000n
  const { message } = await challenge(gateway.url, agent.pubkey, { spend_limit: '3000' })
  const signature = agent.signMessage(message)
  const low = await present(gateway.url, message, signature, signVoucher(agent, needed - 1n))
  expect(low.status).toBe(402)
  expect(low.headers.get('cache-control')).toBe('no-store')
  expect(await low.json()).toMatchObject({
    error: { code: 'authorization_required' },
    payment: {
      required: '3000',
      available: '9948',
      shortfall: '0',
      vault: addressesOf(agent.pubkey).vault,
      authorize: {
        vault: addressesOf(agent.pubkey).vault,
        cumulative: needed.toString(),
        signed: '0',
      },
    },
  })
  const voucher = signVoucher(agent, needed)
  expect((await present(gateway.url, message, signature, voucher)).status).toBe(201)
  expect((await gateway.ledger.voucher(agent.pubkey))?.cumulative).toBe(needed)
  const again = await present(gateway.url, message, signature, voucher)
  expect(await codeOf(again)).toBe('replayed_nonce')
})

test('S3: the highest limit that a ledger holds opens and is spent from; one unit more is refused', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const most = 2n ** 62n - 1n
  const { token } = await openSession(gateway.url, agent, { spend_limit: most.toString() })
  const headers = { authorization: `Bearer ${token}` }
  const body = JSON.stringify(CHAT)
  const paid = await fetch(`${gateway.url}${CALL}`, { method: 'POST', body, headers })
  expect(paid.status).toBe(200)
  const beyond = { pubkey: agent.pubkey, spend_limit: (most + 1n).toString() }
  const url = `${gateway.url}/v1/sessions/challenge`
  const refused = await fetch(url, { method: 'POST', body: JSON.stringify(beyond) })
  expect([refused.status, await codeOf(refused)]).toEqual([400, 'invalid_request'])
})

test('C8: an unlimited session takes a voucher over all the money', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { message } = await challenge(gateway.url, agent.pubkey, {})
  const signature = agent.signMessage(message)
  const low = await present(gateway.url, message, signature, signVoucher(agent, 9_999n))
  expect(await low.json()).toMatchObject({
    payment: { required: '10000', authorize: { cumulative: '10000' } },
  })
  const whole = await present(gateway.url, message, signature, signVoucher(agent, 10_000n))
  expect(whole.status).toBe(201)
})

test('C9: a session’s voucher is verified as any other, and needs a vault', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const thief = await gateway.agent(10_000n)
  const { message } = await challenge(gateway.url, agent.pubkey, { spend_limit: '10' })
  const signature = agent.signMessage(message)
  const vaultKey = addressesOf(agent.pubkey).vaultKey
  for (const wrong of [
    signVoucher(thief, 10n, { vaultKey }),
    signVoucher(agent, 10n, { expiresAt: 4_000_000_000n }),
    'nothing',
  ]) {
    const response = await present(gateway.url, message, signature, wrong)
    expect([response.status, await codeOf(response)]).toEqual([400, 'invalid_voucher'])
  }
  const signed = await present(gateway.url, message, signature, signVoucher(agent, 10n))
  expect(signed.status).toBe(201)
  const stranger = await gateway.agent(0n)
  const asked = await challenge(gateway.url, stranger.pubkey, { spend_limit: '10' })
  const vaultless = await present(
    gateway.url,
    asked.message,
    stranger.signMessage(asked.message),
    signVoucher(stranger, 10n),
  )
  expect([vaultless.status, await codeOf(vaultless)]).toEqual([400, 'invalid_voucher'])
})

test('what was signed for a session is shown to its agent and its token, after its end too', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { message } = await challenge(gateway.url, agent.pubkey, { spend_limit: '500' })
  const signature = agent.signMessage(message)
  const opened = await (await present(gateway.url, message, signature)).json()
  const { id, token } = opened as { id: string; token: string }
  const target = `/v1/sessions/${id}`
  const headers = { authorization: `Bearer ${token}` }
  const shown = {
    id,
    spend_limit: '500',
    spent: '0',
    models: null,
    label: null,
    proof: { message, signature },
  }
  expect(await (await fetch(gateway.url + target, { headers })).json()).toMatchObject(shown)
  const other = await openSession(gateway.url, agent)
  const foreignToken = { authorization: `Bearer ${other.token}` }
  expect((await fetch(gateway.url + target, { headers: foreignToken })).status).toBe(403)
  const stranger = await gateway.agent(0n)
  expect((await stranger.fetch(target)).status).toBe(404)
  expect((await fetch(gateway.url + target)).status).toBe(401)
  await agent.fetch(target, { method: 'DELETE' })
  const text = await (await agent.fetch(target)).text()
  expect(JSON.parse(text)).toMatchObject(shown)
  expect(text).not.toContain(token)
})
