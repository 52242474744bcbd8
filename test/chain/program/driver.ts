/** Two agents on the scenario's chain, and every step of the model as a transaction. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  ComputeBudgetProgram,
  Keypair,
  type PublicKey,
  SYSVAR_CLOCK_PUBKEY,
  Transaction,
  type TransactionInstruction,
} from '@solana/web3.js'
import { decodeVault } from '../../../src/chain/accounts.ts'
import { depositAddress, tokenAddress, vaultAddress } from '../../../src/chain/addresses.ts'
import { openVault, syncVault, type VaultParties } from '../../../src/chain/instructions.ts'
import {
  createTokenAccount,
  mintTo,
  readTokenAccount,
  transferChecked,
} from '../../../src/chain/token.ts'
import { voucherBytes } from '../../../src/chain/voucher.ts'
import { USDC_DECIMALS, units } from '../../../src/money.ts'
import { callWith, type InstructionName, instructionOf, TERMS } from './call.ts'
import type { ProgramChain } from './chain.ts'
import {
  type Actor,
  askedAmount,
  askedTotal,
  type Model,
  type ModelVault,
  type Step,
  shownVoucher,
  type Who,
} from './model.ts'
import {
  FAR_AHEAD_SECONDS,
  GATEWAY,
  keypair,
  LONG_AGO_SECONDS,
  MINT,
  PROGRAM,
  WALLET,
} from './scenario.ts'
import { signBytes, signedBy } from './vouchers.ts'

const POLL_MS = 4
const COMPUTE_UNITS = 200_000
const EXPIRY = { never: 0n, past: LONG_AGO_SECONDS, ahead: FAR_AHEAD_SECONDS }
export const PURSE_UNITS = 1_000n

interface Party {
  readonly key: Keypair
  readonly parties: VaultParties
  readonly vault: PublicKey
  readonly deposits: PublicKey
  readonly wallet: PublicKey
}

function newParty(): Party {
  const key = Keypair.generate()
  const { address: gateway } = GATEWAY.open
  const vault = vaultAddress(PROGRAM, gateway, key.publicKey)
  return {
    key,
    parties: { program: PROGRAM, gateway, mint: MINT, agent: key.publicKey },
    vault,
    deposits: depositAddress(vault, MINT),
    wallet: tokenAddress(key.publicKey, MINT),
  }
}

/** What the chain shows after a step: the model's numbers but for the vouchers, and its clock. */
export interface Sight {
  readonly alice: Omit<ModelVault, 'vouchers'>
  readonly bob: Omit<ModelVault, 'vouchers'>
  readonly treasury: bigint
  readonly stranger: bigint
  readonly seconds: bigint
}

export class Driver {
  readonly #chain: ProgramChain
  readonly #people: Readonly<Record<Who, Party>> = { alice: newParty(), bob: newParty() }
  #sent = 0

  constructor(chain: ProgramChain) {
    this.#chain = chain
  }

  /** Opens both vaults, each under its delay, with a purse for each agent. */
  async open(delays: Readonly<Record<Who, bigint>>): Promise<void> {
    const { payer } = this.#chain.validator
    const operator = keypair('operator')
    for (const [who, delay] of Object.entries(delays) as [Who, bigint][]) {
      const { parties, wallet } = this.#people[who]
      const terms = { ...TERMS, withdrawal_delay: delay }
      const opened = await this.#land(
        [
          instructionOf(callWith('update_gateway', {}, terms)),
          openVault(parties, payer.publicKey, delay),
          createTokenAccount(payer.publicKey, parties.agent, MINT),
          mintTo(MINT, wallet, operator.publicKey, units(PURSE_UNITS), USDC_DECIMALS),
        ],
        [operator],
      )
      if (!opened) throw new Error(`the vault of ${who} did not open`)
    }
  }

  /** Makes the step; whether the chain took it. */
  async take(step: Step, model: Model): Promise<boolean> {
    if (step.kind === 'sign') return true
    if (step.kind === 'wait') return this.#wait(model[step.who].withdrawableAt)
    const { instructions, by } = this.#transaction(step, model)
    return this.#land(instructions, by === null ? [] : [this.#keyOf(by)])
  }

  /** Everything that the model says something about, in one reading. */
  async look(): Promise<Sight> {
    const { alice, bob } = this.#people
    const places = [alice, bob].flatMap(({ vault, deposits, wallet }) => [vault, deposits, wallet])
    const addresses = [...places, WALLET.treasury, WALLET.foreign, SYSVAR_CLOCK_PUBKEY]
    const found = await this.#chain.rpc.getMultipleAccountsInfo(addresses, 'processed')
    const tokens = (place: number) => {
      const account = found[place]
      return account == null ? null : (readTokenAccount(account.data)?.amount ?? null)
    }
    const vaultAt = (place: number) => {
      const read = decodeVault(found[place]?.data ?? Buffer.alloc(0))
      return {
        deposited: read.deposited,
        settled: read.settled,
        withdrawn: read.withdrawn,
        depositIndex: read.depositIndex,
        pending: read.pendingWithdrawal,
        withdrawableAt: read.withdrawableAtSeconds,
        delaySeconds: read.withdrawalDelaySeconds,
        balance: tokens(place + 1),
        wallet: tokens(place + 2) ?? 0n,
      }
    }
    return {
      alice: vaultAt(0),
      bob: vaultAt(3),
      treasury: tokens(6) ?? 0n,
      stranger: tokens(7) ?? 0n,
      seconds: found[8]?.data.readBigInt64LE(32) ?? 0n,
    }
  }

  #keyOf(actor: Actor): Keypair {
    return actor === 'alice' || actor === 'bob' ? this.#people[actor].key : keypair(actor)
  }

  #transaction(
    step: Exclude<Step, { kind: 'sign' | 'wait' }>,
    model: Model,
  ): { instructions: TransactionInstruction[]; by: Actor | null } {
    const { parties, key, vault, deposits, wallet } = this.#people[step.who]
    const places = { vault, deposit_address: deposits }
    const call = (name: InstructionName, accounts: Record<string, PublicKey>, args = {}) =>
      instructionOf(callWith(name, { ...places, ...accounts }, args))
    switch (step.kind) {
      case 'deposit': {
        const accounts = { depositor: key.publicKey, source: wallet }
        return { instructions: [call('deposit', accounts, { amount: step.amount })], by: step.who }
      }
      case 'transfer': {
        const move = { source: wallet, mint: MINT, destination: deposits, owner: key.publicKey }
        const transfer = transferChecked(move, units(step.amount), USDC_DECIMALS)
        return { instructions: [transfer], by: step.who }
      }
      case 'sync':
        return { instructions: [syncVault(parties)], by: null }
      case 'reopen': {
        const { publicKey } = this.#chain.validator.payer
        return { instructions: [openVault(parties, publicKey, step.delaySeconds)], by: null }
      }
      case 'settle': {
        const destination = step.to === 'treasury' ? WALLET.treasury : WALLET.foreign
        const accounts = { authority: this.#keyOf(step.by).publicKey, destination }
        const settle = call('settle', accounts, { cumulative: askedTotal(model, step) })
        return { instructions: [...this.#voucher(step, model), settle], by: step.by }
      }
      case 'request': {
        const agent = this.#keyOf(step.by).publicKey
        const request = call('request_withdrawal', { agent }, { amount: askedAmount(model, step) })
        return { instructions: [request], by: step.by }
      }
      case 'cancel':
        return this.#asAgent(call, 'cancel_withdrawal', step.by, {})
      case 'close':
        return this.#asAgent(call, 'close_deposit_address', step.by, {})
      case 'withdraw': {
        const destination = this.#people[step.to].wallet
        return this.#asAgent(call, 'withdraw', step.by, { destination })
      }
    }
  }

  #asAgent(
    call: (name: InstructionName, accounts: Record<string, PublicKey>) => TransactionInstruction,
    name: InstructionName,
    by: Actor,
    accounts: Record<string, PublicKey>,
  ) {
    const agent = this.#keyOf(by).publicKey
    return { instructions: [call(name, { ...accounts, agent })], by }
  }

  /** The voucher that the settlement shows, signed by whoever it is of. */
  #voucher(step: Extract<Step, { kind: 'settle' }>, model: Model): TransactionInstruction[] {
    const shown = shownVoucher(model, step)
    if (shown === undefined) return []
    const { key, vault } = this.#people[step.voucherOf]
    const message = voucherBytes(vault, units(shown.cumulative), EXPIRY[shown.expiry])
    return [signedBy(key, message)]
  }

  async #wait(until: bigint): Promise<boolean> {
    while ((await this.look()).seconds < until) await pause(POLL_MS)
    return true
  }

  /** Whether the transaction succeeded. The limit differs each time, so that no two transactions are one. */
  async #land(
    instructions: readonly TransactionInstruction[],
    signers: readonly Keypair[],
  ): Promise<boolean> {
    const { rpc, validator } = this.#chain
    this.#sent += 1
    const limit = ComputeBudgetProgram.setComputeUnitLimit({ units: COMPUTE_UNITS + this.#sent })
    const { blockhash } = await rpc.getLatestBlockhash('processed')
    const transaction = new Transaction().add(limit, ...instructions)
    transaction.recentBlockhash = blockhash
    transaction.feePayer = validator.payer.publicKey
    const message = transaction.serializeMessage()
    for (const signer of [validator.payer, ...signers]) {
      transaction.addSignature(signer.publicKey, signBytes(signer, message))
    }
    const bytes = transaction.serialize({ verifySignatures: false })
    const options = { skipPreflight: true, maxRetries: 0 }
    const signature = await rpc.sendRawTransaction(bytes, options)
    for (;;) {
      const { value } = await rpc.getSignatureStatuses([signature])
      const status = value[0] ?? null
      if (status !== null) return status.err === null
      await pause(POLL_MS)
    }
  }
}
