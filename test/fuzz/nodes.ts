/** What RPC nodes answer: a real HTTP server that says anything. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PublicKey } from '@solana/web3.js'
import bs58 from 'bs58'
import fc from 'fast-check'
import { Level5Error } from '../../src/agent/level5-error.ts'
import { readHistory, readSnapshot } from '../../src/agent/verify/chain-history.ts'
import { readEvents } from '../../src/agent/verify/event-log.ts'
import { connectRpc, retryAfterMs } from '../../src/chain/rpc.ts'
import { readTransaction } from '../../watcher/decode.ts'
import vectors from '../vectors.json' with { type: 'json' }
import { GATEWAY_DATA, TOKEN_DATA, VAULT_DATA } from './chain.ts'
import { type Fuzzer, fed, fedLater, fuzzer, hold } from './fuzzer.ts'
import { ADDRESSES, AGENT, NONCE } from './samples.ts'
import { floods, mutatedBytes, mutatedJson, mutatedText } from './wild.ts'

const program = new PublicKey(ADDRESSES.program)
const gateway = new PublicKey(ADDRESSES.gateway)
const parties = {
  program,
  gateway,
  mint: new PublicKey(ADDRESSES.mint),
  agent: new PublicKey(AGENT),
}
const SIGNATURE = bs58.encode(Buffer.alloc(64, 9))
const EVENT = Buffer.from(vectors.events.DepositEvent.instruction_data_hex, 'hex')

const account = (data: Buffer, owner = ADDRESSES.program) => ({
  data: [data.toString('base64'), 'base64'],
  executable: false,
  lamports: 2_000_000,
  owner,
  rentEpoch: 0,
  space: data.length,
})
const context = { slot: 7 }
/** What an honest node answers, by the method. */
const ANSWERS: Readonly<Record<string, object>> = {
  getAccountInfo: { context, value: account(GATEWAY_DATA) },
  getMultipleAccounts: {
    context,
    value: [
      account(VAULT_DATA),
      account(TOKEN_DATA),
      account(Buffer.alloc(0)),
      account(TOKEN_DATA),
      account(Buffer.alloc(40)),
    ],
  },
  getSignaturesForAddress: [
    {
      signature: SIGNATURE,
      slot: 7,
      err: null,
      memo: null,
      blockTime: 1,
      confirmationStatus: 'finalized',
    },
  ],
  getTransaction: {
    slot: 7,
    blockTime: 1,
    version: 'legacy',
    transaction: {
      signatures: [SIGNATURE],
      message: {
        accountKeys: [AGENT, ADDRESSES.program, vectors.program.event_authority.address],
        header: {
          numRequiredSignatures: 1,
          numReadonlySignedAccounts: 0,
          numReadonlyUnsignedAccounts: 2,
        },
        recentBlockhash: AGENT,
        instructions: [{ programIdIndex: 1, accounts: [0], data: bs58.encode(EVENT) }],
      },
    },
    meta: {
      err: null,
      fee: 5_000,
      preBalances: [1],
      postBalances: [1],
      logMessages: [],
      innerInstructions: [
        {
          index: 0,
          instructions: [{ programIdIndex: 1, accounts: [2], data: bs58.encode(EVENT) }],
        },
      ],
    },
  },
}

/** What the node says to one method next; to the others it is honest. */
let said: Said = { method: 'getTransaction', body: Buffer.alloc(0) }

interface Said {
  readonly method: string
  readonly body: Buffer
}

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const method = /"method":"(\w+)"/.exec(Buffer.concat(chunks).toString())?.[1] ?? ''
  response.setHeader('content-type', 'application/json')
  response.end(method === said.method ? said.body : spoken(ANSWERS[method]))
})
server.listen(0, '127.0.0.1').unref()
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const rpc = connectRpc({ url: `http://127.0.0.1:${port}`, timeoutMs: 10_000 })

/** Time that passes by being asked for: patience ends at once. */
function impatient() {
  let now = 0
  return {
    now: () => {
      now += 1e9
      return now
    },
    sleep: async () => {},
    freshNonce: () => NONCE,
  }
}

function spoken(result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id: '1', result })
}

const answers: fc.Arbitrary<Said> = fc.oneof(
  ...Object.entries(ANSWERS).map(([method, result]) =>
    fc
      .oneof(
        mutatedJson({ jsonrpc: '2.0', id: '1', result }).map((json) => Buffer.from(json)),
        mutatedBytes(Buffer.from(spoken(result))),
      )
      .map((body) => ({ method, body })),
  ),
)

export const NODES: readonly Fuzzer[] = [
  fuzzer({
    name: 'watched-transactions',
    feeds: ['watcher/decode.ts#readTransaction', 'src/chain/rpc.ts#connectRpc'],
    input: answers,
    async feed(next) {
      said = next
      const listed = { signature: SIGNATURE, slot: 7, failed: false }
      const source = { rpc, program, gateway }
      const reading = await fedLater(() => readTransaction(source, listed, 'finalized'))
      // C5: whatever it is, it is read or set aside.
      hold(reading !== undefined, 'a transaction is neither read nor set aside')
    },
    cost: 4,
  }),
  fuzzer({
    name: 'node-answers',
    feeds: [
      'src/agent/vault/sight.ts#readGateway',
      'src/agent/vault/sight.ts#readSight',
      'src/agent/verify/chain-history.ts#readSnapshot',
      'src/agent/verify/chain-history.ts#readHistory',
      'src/agent/verify/event-log.ts#readEvents',
    ],
    input: answers,
    async feed(next) {
      said = next
      const source = { rpc, program, gateway, surroundings: impatient() }
      const snapshot = await fedLater(() => readSnapshot(rpc, parties, impatient()), Level5Error)
      await fedLater(() => readEvents(source, gateway, () => true, 10), Level5Error)
      if (snapshot !== undefined) {
        await fedLater(() => readHistory(source, parties, snapshot, null), Level5Error)
      }
    },
    cost: 8,
  }),
  fuzzer({
    name: 'retry-after',
    feeds: ['src/chain/rpc.ts#retryAfterMs'],
    input: mutatedText('120', 'Wed, 21 Oct 2026 07:28:00 GMT'),
    feed(text) {
      const ms = fed(() => retryAfterMs(text))
      hold(ms == null || (Number.isSafeInteger(ms) && ms >= 0), 'a pause of no length')
    },
    floods,
  }),
]
