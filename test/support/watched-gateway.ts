/** One gateway of a test network, its agents, and everything that can happen to their vaults. */
import {
  AddressLookupTableProgram,
  Keypair,
  type PublicKey,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js'
import bs58 from 'bs58'
import { decodeVault, type Vault } from '../../src/chain/accounts.ts'
import {
  depositAddress,
  eventAuthority,
  gatewayAddress,
  tokenAddress,
  vaultAddress,
} from '../../src/chain/addresses.ts'
import {
  cancelWithdrawal,
  deposit,
  ed25519Instruction,
  initializeGateway,
  openVault,
  requestWithdrawal,
  settle,
  withdraw,
} from '../../src/chain/instructions.ts'
import { landTransaction, sendTransaction } from '../../src/chain/send.ts'
import { createTokenAccount, transferChecked } from '../../src/chain/token.ts'
import { voucherBytes } from '../../src/chain/voucher.ts'
import { USDC_DECIMALS, units } from '../../src/money.ts'
import { signBytes } from '../chain/crank/sign-bytes.ts'
import { waitForChainSeconds } from '../chain/program/clock.ts'
import { CALLER_ID, forward } from './caller/caller.ts'
import { land, newAgent, type TestAgent, type TestNetwork } from './chain.ts'

const LOG = 1
const OPERATOR_LAMPORTS = 10_000_000_000
const WALLET_UNITS = 100_000_000n
/** Of every gateway here: short, since tests wait it out. */
const DELAY_SECONDS = 2n

/** A gateway of its own on the network: what happens to others does not concern it. */
export async function newGateway(network: TestNetwork): Promise<TestNetwork> {
  const operator = Keypair.generate()
  const authority = operator.publicKey
  const { payer, program, mint } = network
  const terms = {
    treasury: authority,
    withdrawalDelaySeconds: DELAY_SECONDS,
    receiptKey: authority,
    endpoint: 'http://127.0.0.1:4020',
  }
  const funds = { fromPubkey: payer.publicKey, toPubkey: authority, lamports: OPERATOR_LAMPORTS }
  await land(
    network,
    [SystemProgram.transfer(funds), initializeGateway(program, authority, mint, terms)],
    [payer, operator],
  )
  return { ...network, operator, gateway: gatewayAddress(program, authority, mint) }
}

/** A deposit event of this vault that never happened. */
function inventedDeposit(network: TestNetwork, vault: PublicKey, agent: PublicKey): Buffer {
  const numbers = Buffer.alloc(24)
  for (const [index, value] of [7_000_000n, 7_000_000n, 99n].entries()) {
    numbers.writeBigUInt64LE(value, index * 8)
  }
  return Buffer.concat([
    Buffer.from('78f83d531f8e6b90', 'hex'),
    ...[vault, network.gateway, agent].map((key) => key.toBuffer()),
    numbers,
    agent.toBuffer(),
  ])
}

/** An agent of the gateway with what it has deposited, so far as its own transactions say. */
export class Depositor {
  readonly network: TestNetwork
  readonly agent: TestAgent
  readonly vault: PublicKey
  /** Units that must end up credited. */
  deposited = 0n

  private constructor(network: TestNetwork, agent: TestAgent) {
    this.network = network
    this.agent = agent
    this.vault = vaultAddress(network.program, network.gateway, agent.keypair.publicKey)
  }

  /** Opens a vault with a first deposit. */
  static async open(network: TestNetwork, amount: bigint): Promise<Depositor> {
    const agent = await newAgent(network, WALLET_UNITS)
    const depositor = new Depositor(network, agent)
    const { parties } = agent
    const opening = openVault(parties, parties.agent, DELAY_SECONDS)
    await land(network, [opening, depositor.#deposit(amount)], [agent.keypair])
    depositor.deposited += amount
    return depositor
  }

  #deposit(amount: bigint): TransactionInstruction {
    return deposit(this.agent.parties, this.agent.keypair.publicKey, units(amount))
  }

  /** Deposits once for each amount, all in one transaction. */
  async deposit(...amounts: bigint[]): Promise<void> {
    const instructions = amounts.map((amount) => this.#deposit(amount))
    await land(this.network, instructions, [this.agent.keypair])
    for (const amount of amounts) this.deposited += amount
  }

  /** Deposits into this vault and, in the same transaction, into one of another gateway. */
  async depositBeside(other: Depositor, amount: bigint): Promise<void> {
    const instructions = [other.#deposit(amount), this.#deposit(amount)]
    await land(this.network, instructions, [other.agent.keypair, this.agent.keypair])
    this.deposited += amount
    other.deposited += amount
  }

  /** Deposits through another program, and that one through itself. */
  async depositByCpi(amount: bigint): Promise<void> {
    const call = this.#deposit(amount)
    const twice = forward(CALLER_ID, forward(this.network.program, call))
    await land(this.network, [twice], [this.agent.keypair])
    this.deposited += amount
  }

  /**
   * Deposits in a v0 transaction that finds accounts in a lookup table: the event authority, and the gateway itself
   * where the validator lists transactions by what they look up, as real nodes do and the embedded one does not.
   */
  async depositByLookup(amount: bigint): Promise<void> {
    const { rpc, gateway, validator } = this.network
    const { keypair } = this.agent
    const authority = keypair.publicKey
    const recentSlot = await rpc.getSlot('finalized')
    const owned = { authority, payer: authority }
    const [create, lookupTable] = AddressLookupTableProgram.createLookupTable({
      ...owned,
      recentSlot,
    })
    const found = validator.kind === 'embedded' ? [] : [gateway, this.vault]
    const addresses = [eventAuthority(this.network.program), ...found]
    const extend = AddressLookupTableProgram.extendLookupTable({ ...owned, lookupTable, addresses })
    const { slot } = await land(this.network, [create, extend], [keypair])
    while ((await rpc.getSlot('confirmed')) <= slot + 1);
    const table = (await rpc.getAddressLookupTable(lookupTable, { commitment: 'confirmed' })).value
    if (table === null) throw new Error('the lookup table is not there')
    const { blockhash, lastValidBlockHeight } = await rpc.getLatestBlockhash('confirmed')
    const message = new TransactionMessage({
      payerKey: authority,
      recentBlockhash: blockhash,
      instructions: [this.#deposit(amount)],
    }).compileToV0Message([table])
    const transaction = new VersionedTransaction(message)
    transaction.sign([keypair])
    const [signature = new Uint8Array()] = transaction.signatures
    const signed = {
      signature: bs58.encode(signature),
      bytes: Buffer.from(transaction.serialize()),
      lastValidBlockHeight,
    }
    const outcome = await landTransaction(rpc, signed, 'confirmed')
    if (outcome.kind !== 'landed') throw new Error(JSON.stringify(outcome))
    this.deposited += amount
  }

  /** Sends USDC straight to the deposit address, naming nothing of the program. */
  async transfer(amount: bigint): Promise<void> {
    const { mint } = this.network
    const owner = this.agent.keypair.publicKey
    const transfer = {
      source: tokenAddress(owner, mint),
      mint,
      destination: depositAddress(this.vault, mint),
      owner,
    }
    const instruction = transferChecked(transfer, units(amount), USDC_DECIMALS)
    await land(this.network, [instruction], [this.agent.keypair])
    this.deposited += amount
  }

  /** Deposits more than there is: the transaction is executed and fails. */
  async fail(): Promise<void> {
    const instructions = [this.#deposit(1n), this.#deposit(WALLET_UNITS * 2n)]
    const { rpc } = this.network
    const outcome = await sendTransaction(rpc, instructions, [this.agent.keypair], 'confirmed')
    if (outcome.kind !== 'failed') throw new Error('a deposit beyond the wallet went through')
  }

  /** Another program logs an event of ours, and emits one by a CPI of its own. */
  async spoof(): Promise<void> {
    const { gateway, program } = this.network
    const agent = this.agent.keypair.publicKey
    const event = inventedDeposit(this.network, this.vault, agent)
    const named = { pubkey: gateway, isSigner: false, isWritable: false }
    const authority = { ...named, pubkey: eventAuthority(program) }
    const logged = new TransactionInstruction({
      programId: CALLER_ID,
      keys: [named],
      data: Buffer.concat([Buffer.from([LOG]), event]),
    })
    const emitted = new TransactionInstruction({
      programId: CALLER_ID,
      keys: [authority, named],
      data: Buffer.concat([Buffer.from('e445a52e51cb9a1d', 'hex'), event]),
    })
    await land(this.network, [logged, forward(CALLER_ID, emitted)], [this.agent.keypair])
  }

  /** Asks for its money; the delay begins. */
  async request(amount: bigint): Promise<void> {
    const instruction = requestWithdrawal(this.agent.parties, units(amount))
    await land(this.network, [instruction], [this.agent.keypair])
  }

  async cancel(): Promise<void> {
    await land(this.network, [cancelWithdrawal(this.agent.parties)], [this.agent.keypair])
  }

  /** Takes what it asked for, once the chain's clock lets it. */
  async withdraw(): Promise<void> {
    const { withdrawableAtSeconds } = await this.#account('confirmed')
    await waitForChainSeconds(this.network.rpc, withdrawableAtSeconds)
    await land(this.network, [withdraw(this.agent.parties)], [this.agent.keypair])
  }

  /** Signs for `cumulative` units in all, and the operator takes them. */
  async paySettlement(cumulative: bigint): Promise<void> {
    const { operator, mint } = this.network
    const { parties, keypair } = this.agent
    const authority = operator.publicKey
    const message = voucherBytes(this.vault, units(cumulative))
    const instructions = [
      createTokenAccount(authority, authority, mint),
      ed25519Instruction(keypair.publicKey, message, signBytes(keypair, message)),
      settle(parties, { authority, treasury: authority }, units(cumulative)),
    ]
    await land(this.network, instructions, [operator])
  }

  async #account(commitment: 'confirmed' | 'finalized'): Promise<Vault> {
    const stored = await this.network.rpc.getAccountInfo(this.vault, commitment)
    if (stored === null) throw new Error('the vault is not there')
    return decodeVault(stored.data)
  }

  /** The vault's own finalized totals, and how many deposits there were. */
  async onChain(): Promise<Pick<Vault, 'deposited' | 'depositIndex' | 'settled' | 'withdrawn'>> {
    const { deposited, depositIndex, settled, withdrawn } = await this.#account('finalized')
    return { deposited, depositIndex, settled, withdrawn }
  }
}
