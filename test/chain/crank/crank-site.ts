/** A gateway of its own on a shared chain, a ledger file of its own, and cranks over both. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keypair, type PublicKey, SystemProgram } from '@solana/web3.js'
import { onTestFinished } from 'vitest'
import { decodeVault, type Vault } from '../../../src/chain/accounts.ts'
import { gatewayAddress, tokenAddress, vaultAddress } from '../../../src/chain/addresses.ts'
import { deposit, initializeGateway, openVault } from '../../../src/chain/instructions.ts'
import { connectRpc } from '../../../src/chain/rpc.ts'
import { createTokenAccount, readTokenAccount } from '../../../src/chain/token.ts'
import { voucherBytes } from '../../../src/chain/voucher.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { openLedger } from '../../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../../src/money.ts'
import { Crank, type CrankOptions } from '../../../watcher/crank.ts'
import { depositFact, holdRequest, NOW, PRICES, settlement } from '../../ledger/facts.ts'
import { land, newAgent, type TestAgent, type TestNetwork } from '../../support/chain.ts'
import { FaultyRpc } from '../../support/faulty-rpc.ts'
import { KeptLog } from '../../support/watching.ts'
import { signBytes } from './sign-bytes.ts'

/** How long a test waits for what must come. */
export const WAIT = { timeout: 60_000, interval: 50 }
const OPERATOR_LAMPORTS = 10_000_000_000
const RPC_TIMEOUT_MS = 2_000

export interface SiteTerms {
  readonly delaySeconds?: bigint
  /** Whether the treasury has a token account from the start. */
  readonly treasuryOpen?: boolean
}

/** One agent with a vault, known to the ledger. */
export interface Customer extends TestAgent {
  readonly vault: PublicKey
}

export class CrankSite {
  readonly network: TestNetwork
  readonly treasury: PublicKey
  readonly proxy: FaultyRpc
  readonly log = new KeptLog()
  /** Holds the ledger. */
  readonly folder: string
  readonly #delaySeconds: bigint
  readonly ledger: Ledger
  #calls = 0

  private constructor(
    network: TestNetwork,
    treasury: PublicKey,
    proxy: FaultyRpc,
    folder: string,
    delaySeconds: bigint,
  ) {
    this.network = network
    this.treasury = treasury
    this.proxy = proxy
    this.folder = folder
    this.#delaySeconds = delaySeconds
    this.ledger = this.openLedger()
  }

  /** A new gateway whose treasury is nobody else's. Closed when the test ends. */
  static async open(
    shared: TestNetwork,
    { delaySeconds = 900n, treasuryOpen = true }: SiteTerms = {},
  ): Promise<CrankSite> {
    const [operator, treasury] = [Keypair.generate(), Keypair.generate().publicKey]
    const { payer, program, mint } = shared
    const authority = operator.publicKey
    const terms = {
      treasury,
      withdrawalDelaySeconds: delaySeconds,
      receiptKey: authority,
      endpoint: 'http://127.0.0.1:4020',
    }
    const fees = { fromPubkey: payer.publicKey, toPubkey: authority, lamports: OPERATOR_LAMPORTS }
    const instructions = [
      SystemProgram.transfer(fees),
      initializeGateway(program, authority, mint, terms),
      ...(treasuryOpen ? [createTokenAccount(payer.publicKey, treasury, mint)] : []),
    ]
    await land(shared, instructions, [payer, operator])
    const network = { ...shared, operator, gateway: gatewayAddress(program, authority, mint) }
    const proxy = await FaultyRpc.start(shared.validator)
    onTestFinished(() => proxy.stop())
    const folder = mkdtempSync(join(tmpdir(), 'level5-crank-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const site = new CrankSite(network, treasury, proxy, folder, delaySeconds)
    await site.ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
    return site
  }

  /** The ledger as one more process opens it. */
  openLedger(): Ledger {
    const { gateway, operator } = this.network
    const sign = (bytes: Uint8Array) => signBytes(operator, bytes)
    const file = join(this.folder, 'ledger.sqlite')
    const ledger = openLedger(file, { gateway: gateway.toBase58(), sign })
    onTestFinished(() => ledger.close())
    return ledger
  }

  /** A crank of its own, as after a restart. */
  crank(changed: Partial<CrankOptions> = {}): Crank {
    const { program, gateway, mint, operator } = this.network
    const { signal } = new AbortController()
    let salt = 0
    return new Crank({
      program,
      gateway,
      mint,
      operator,
      rpc: connectRpc({ url: this.proxy.rpcUrl, timeoutMs: RPC_TIMEOUT_MS }),
      ledger: this.ledger,
      thresholdUnits: units(1_000n),
      priorityFeeMax: 100_000,
      spread: () => salt++ % 1_000,
      now: () => Date.now(),
      log: this.log,
      signal,
      ...changed,
    })
  }

  /** An agent that has deposited `amount`, on the books, and on chain unless they lie. */
  async customer(amount: bigint, truth: 'on chain' | 'books only' = 'on chain'): Promise<Customer> {
    const agent = await newAgent(this.network, amount)
    const { parties, keypair, key } = agent
    const instructions = [
      openVault(parties, parties.agent, this.#delaySeconds),
      deposit(parties, parties.agent, units(amount)),
    ]
    if (truth === 'on chain') await land(this.network, instructions, [keypair])
    const vault = vaultAddress(parties.program, parties.gateway, parties.agent)
    const fact = { agent: key, vault: vault.toBase58(), amount: units(amount) }
    await this.ledger.credit(depositFact(1, fact), NOW)
    return { ...agent, vault }
  }

  customers(count: number, amount: bigint): Promise<Customer[]> {
    return Promise.all(Array.from({ length: count }, () => this.customer(amount)))
  }

  /** A call that holds `amount` until it ends with a charge. */
  async begin({ key: agent }: Customer, amount: bigint) {
    this.#calls += 1
    const requestId = `req_${this.#calls}_${agent}`
    const recovery = { ...holdRequest(requestId).recovery, charge: units(amount) }
    const request = holdRequest(requestId, { agent, amount: units(amount), recovery })
    const held = await this.ledger.hold(request)
    if (held.kind !== 'held') throw new Error(held.kind)
    return {
      end: (charge: bigint) => this.ledger.settle(settlement(requestId, { charge: units(charge) })),
    }
  }

  /** Charges the agent for one call, and keeps its voucher for `signed`, if any. */
  async spend(customer: Customer, charge: bigint, signed: bigint | null): Promise<void> {
    const call = await this.begin(customer, charge)
    await call.end(charge)
    if (signed !== null) await this.sign(customer, signed)
  }

  /** Tells the books of the vault's withdrawal, as the watcher would at confirmed. */
  async noteVault(customer: Customer): Promise<void> {
    const { rpc } = this.network
    const vault = await this.vaultOf(customer)
    const reading = {
      vault: customer.vault.toBase58(),
      slot: await rpc.getSlot('finalized'),
      confirmedSlot: await rpc.getSlot('confirmed'),
      withdrawn: vault.withdrawn,
      settled: vault.settled,
      pending: vault.pendingWithdrawal,
      withdrawableAt: Number(vault.withdrawableAtSeconds),
      confirmedPending: vault.pendingWithdrawal,
      confirmedWithdrawableAt: Number(vault.withdrawableAtSeconds),
      withdrawalDelaySeconds: Number(vault.withdrawalDelaySeconds),
    }
    await this.ledger.noteWithdrawal(reading, NOW)
  }

  /** Keeps the agent's voucher for this total. */
  async sign({ key, keypair, vault }: Customer, total: bigint): Promise<void> {
    const cumulative = units(total)
    const signature = signBytes(keypair, voucherBytes(vault, cumulative)).toString('base64')
    await this.ledger.keepVoucher(key, { vault: vault.toBase58(), cumulative, signature }, NOW)
  }

  /** The vault as it stands, at confirmed. */
  async vaultOf({ vault }: Customer): Promise<Vault> {
    const stored = await this.network.rpc.getAccountInfo(vault, 'confirmed')
    if (stored === null) throw new Error('the vault is not there')
    return decodeVault(stored.data)
  }

  /** What the treasury holds, in units. */
  async paid(): Promise<bigint> {
    const address = tokenAddress(this.treasury, this.network.mint)
    const stored = await this.network.rpc.getAccountInfo(address, 'confirmed')
    return (stored === null ? null : readTokenAccount(stored.data))?.amount ?? 0n
  }

  /** What the operator has, in lamports. */
  lamports(): Promise<number> {
    return this.network.rpc.getBalance(this.network.operator.publicKey, 'confirmed')
  }
}
