/** `level5 gateway init` and `update`: the operator states, on the chain, the terms that agents can rely on. */
import { existsSync } from 'node:fs'
import { type Keypair, PublicKey } from '@solana/web3.js'
import { type Command, InvalidArgumentError } from 'commander'
import { toSigner } from '../../agent/key.ts'
import type { Gateway } from '../../chain/accounts.ts'
import { gatewayAddress } from '../../chain/addresses.ts'
import { type GatewayTerms, initializeGateway, updateGateway } from '../../chain/instructions.ts'
import { sendTransaction } from '../../chain/send.ts'
import { wholeNumber } from '../options.ts'
import { createOutput } from '../output.ts'
import { UsageError } from '../report-failure.ts'
import { gatewayDocument, gatewayText } from './gateway-document.ts'
import {
  type ChainFlags,
  type GatewayChain,
  openChain,
  operatorOf,
  publicKey,
  readGateway,
  withChain,
} from './gateway-options.ts'

interface Flags extends ChainFlags {
  readonly treasury?: PublicKey
  readonly delay?: number
  readonly receiptKey?: ReceiptKey
  readonly endpoint?: string
}

interface ReceiptKey {
  readonly publicKey: PublicKey
  /** Where the key itself is, when a file was named. */
  readonly file: string | null
}

/** The program refuses more. */
const DELAY_SECONDS_MAX = 2_592_000
const DELAY_SECONDS = 900
const ENDPOINT_BYTES_MAX = 128

export function addGatewayChange(gateway: Command, change: 'init' | 'update'): void {
  const keeps = change === 'init' ? '' : ' (default: as it is)'
  withChain(gateway.command(change))
    .description(
      change === 'init'
        ? "create the operator's gateway; its authority signs and pays the rent"
        : "change the gateway's terms; a changed delay holds for new vaults only",
    )
    .option('--treasury <address>', `owner of the account that is paid${keeps}`, publicKey)
    .option('--delay <seconds>', `withdrawal delay${keeps}`, wholeNumber(0, DELAY_SECONDS_MAX))
    .option('--receipt-key <file|address>', `the key that signs receipts${keeps}`, receiptKey)
    .option('--endpoint <url>', `the gateway's public URL${keeps}`, endpoint)
    .action(async (flags: Flags) => {
      const chain = await openChain(flags)
      const operator = operatorOf(flags)
      const address = gatewayAddress(chain.program, operator.publicKey, chain.mint)
      const before = await readGateway(chain, address)
      if (change === 'init' && before !== null) {
        throw new Error(`${address} exists; \`level5 gateway update\` changes it`)
      }
      if (change === 'update' && before === null) {
        throw new Error(`${address} does not exist; \`level5 gateway init\` creates it`)
      }
      await send(chain, change, operator, termsOf(flags, before, operator.publicKey))
      const account = await readGateway(chain, address)
      if (account === null) throw new Error(`${address} cannot be read back`)
      const document = gatewayDocument({
        ...chain,
        rpcUrl: flags.rpcUrl,
        address,
        account,
        operatorKeyFile: flags.operatorKey ?? null,
        receiptKeyFile: flags.receiptKey?.file ?? null,
      })
      createOutput(flags.json ?? false).result(document, gatewayText(document))
    })
}

/** What is stated anew: the flags, else what stands, else the defaults of a new gateway. */
function termsOf(flags: Flags, before: Gateway | null, operator: PublicKey): GatewayTerms {
  const receipt = flags.receiptKey?.publicKey ?? before?.receiptKey
  const url = flags.endpoint ?? before?.endpoint
  if (receipt === undefined || url === undefined) {
    throw new UsageError('a new gateway needs --receipt-key and --endpoint')
  }
  const delay = flags.delay === undefined ? before?.withdrawalDelaySeconds : BigInt(flags.delay)
  return {
    treasury: flags.treasury ?? before?.treasury ?? operator,
    withdrawalDelaySeconds: delay ?? BigInt(DELAY_SECONDS),
    receiptKey: receipt,
    endpoint: url,
  }
}

async function send(
  { rpc, program, mint }: GatewayChain,
  change: 'init' | 'update',
  operator: Keypair,
  terms: GatewayTerms,
): Promise<void> {
  const build = change === 'init' ? initializeGateway : updateGateway
  const instruction = build(program, operator.publicKey, mint, terms)
  const outcome = await sendTransaction(rpc, [instruction], [operator], 'finalized')
  if (outcome.kind === 'landed') return
  const why = outcome.kind === 'failed' ? JSON.stringify(outcome.error) : 'it never landed'
  throw new Error(`transaction ${outcome.signature} ${outcome.kind}: ${why}`)
}

function receiptKey(text: string): ReceiptKey {
  if (!existsSync(text)) return { publicKey: publicKey(text), file: null }
  return { publicKey: new PublicKey(toSigner(text).publicKey), file: text }
}

function endpoint(text: string): string {
  const isOrigin = URL.canParse(text) && new URL(text).origin === text
  if (!isOrigin || Buffer.byteLength(text) > ENDPOINT_BYTES_MAX) {
    throw new InvalidArgumentError(
      `Not scheme://host[:port] of at most ${ENDPOINT_BYTES_MAX} bytes, without path or trailing slash.`,
    )
  }
  return text
}
