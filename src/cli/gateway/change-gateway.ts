/** Sends the transaction of `gateway init` or `update`, and reads back what stands on the chain. */
import { existsSync } from 'node:fs'
import { PublicKey } from '@solana/web3.js'
import { toSigner } from '../../agent/key.ts'
import type { Gateway } from '../../chain/accounts.ts'
import { gatewayAddress } from '../../chain/addresses.ts'
import { type GatewayTerms, initializeGateway, updateGateway } from '../../chain/instructions.ts'
import { addressOf, sendTransaction } from '../../chain/send.ts'
import type { MessageSigner } from '../../signers/message-signer.ts'
import { UsageError } from '../report-failure.ts'
import type { Change, ChangeFlags } from './change.ts'
import { type GatewayChain, openChain, readGateway, withOperator } from './gateway-chain.ts'
import { type GatewayDocument, gatewayDocument } from './gateway-document.ts'

const DELAY_SECONDS = 900n

/** Makes the change final. Throws when the account is there already (init), or is not (update). */
export function changeGateway(change: Change, flags: ChangeFlags): Promise<GatewayDocument> {
  return withOperator(flags, (operator) => changeWith(operator, change, flags))
}

async function changeWith(
  operator: MessageSigner,
  change: Change,
  flags: ChangeFlags,
): Promise<GatewayDocument> {
  const authority = addressOf(operator)
  const chain = await openChain(flags)
  const address = gatewayAddress(chain.program, authority, chain.mint)
  const before = await readGateway(chain, address)
  if (change === 'init' && before !== null) {
    throw new Error(`${address} exists; \`level5 gateway update\` changes it`)
  }
  if (change === 'update' && before === null) {
    throw new Error(`${address} does not exist; \`level5 gateway init\` creates it`)
  }
  await send(chain, change, operator, termsOf(flags, before, authority))
  return await gatewayDocument(chain, address, flags, receiptKeyOf(flags)?.file ?? null)
}

/** What is stated anew: the flags, else what stands, else the defaults of a new gateway. */
function termsOf(flags: ChangeFlags, before: Gateway | null, operator: PublicKey): GatewayTerms {
  const receiptKey = receiptKeyOf(flags)?.publicKey ?? before?.receiptKey
  const endpoint = flags.endpoint ?? before?.endpoint
  if (receiptKey === undefined || endpoint === undefined) {
    throw new UsageError('a new gateway needs --receipt-key and --endpoint')
  }
  const delay = flags.delay === undefined ? before?.withdrawalDelaySeconds : BigInt(flags.delay)
  const treasury = flags.treasury === undefined ? before?.treasury : new PublicKey(flags.treasury)
  return {
    treasury: treasury ?? operator,
    withdrawalDelaySeconds: delay ?? DELAY_SECONDS,
    receiptKey,
    endpoint,
  }
}

/** The receipt key's address, and the file it came from where one was named. */
function receiptKeyOf({ receiptKey }: ChangeFlags) {
  if (receiptKey === undefined) return null
  if (existsSync(receiptKey)) {
    return { publicKey: new PublicKey(toSigner(receiptKey).publicKey), file: receiptKey }
  }
  try {
    return { publicKey: new PublicKey(receiptKey), file: null }
  } catch {
    throw new UsageError(`--receipt-key: ${receiptKey} is neither a file nor an address`)
  }
}

async function send(
  { rpc, program, mint }: GatewayChain,
  change: Change,
  operator: MessageSigner,
  terms: GatewayTerms,
): Promise<void> {
  const build = change === 'init' ? initializeGateway : updateGateway
  const instruction = build(program, addressOf(operator), mint, terms)
  const outcome = await sendTransaction(rpc, [instruction], [operator], 'finalized')
  if (outcome.kind === 'landed') return
  const why = outcome.kind === 'failed' ? JSON.stringify(outcome.error) : 'it never landed'
  throw new Error(`transaction ${outcome.signature} ${outcome.kind}: ${why}`)
}
