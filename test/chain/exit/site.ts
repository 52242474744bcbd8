/** Vaults with a short delay, and everybody who can change them. */
import { createPrivateKey, sign } from 'node:crypto'
import { Keypair, type PublicKey, SystemProgram } from '@solana/web3.js'
import { decodeVault, type Vault } from '../../../src/chain/accounts.ts'
import { depositAddress, tokenAddress, vaultAddress } from '../../../src/chain/addresses.ts'
import {
  deposit,
  ed25519Instruction,
  openVault,
  requestWithdrawal,
  settle,
  updateGateway,
  type VaultParties,
} from '../../../src/chain/instructions.ts'
import { fundWallet } from '../../../src/chain/local-network.ts'
import { createTokenAccount, readTokenAccount, transferChecked } from '../../../src/chain/token.ts'
import { voucherBytes } from '../../../src/chain/voucher.ts'
import { USDC_DECIMALS, units } from '../../../src/money.ts'
import { land, startTestNetwork, type TestNetwork } from '../../support/chain.ts'

const DELAY_SECONDS = 1n
/** Long enough for something else to happen on a busy machine before it is over. */
export const LONG_DELAY_SECONDS = 5n
const LAMPORTS = 1_000_000_000n
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** An agent with a vault, and lamports but no token account in its wallet. */
export interface Leaver {
  readonly keypair: Keypair
  readonly parties: VaultParties
  readonly vault: PublicKey
  readonly address: PublicKey
}

export interface ExitSite {
  readonly network: TestNetwork
  /** Opens a vault for a new agent, paid into by somebody else; its delay is one second unless told. */
  leaver(deposited: bigint, more?: { lamports?: bigint; delaySeconds?: bigint }): Promise<Leaver>
  /** Somebody deposits through the program. */
  pay(leaver: Leaver, amount: bigint): Promise<void>
  /** Somebody sends USDC straight to the deposit address, made where it is missing. */
  transfer(leaver: Leaver, amount: bigint): Promise<void>
  request(leaver: Leaver, amount: bigint): Promise<void>
  /** The operator takes what the agent signed for. */
  settle(leaver: Leaver, cumulative: bigint): Promise<void>
  /** The operator changes everything that it can change. */
  changeGateway(withdrawalDelaySeconds: bigint): Promise<void>
  vault(leaver: Leaver): Promise<Vault>
  /** Units in the agent's own token account. */
  wallet(leaver: Leaver): Promise<bigint>
  lamports(key: PublicKey): Promise<bigint>
  stop(): Promise<void>
}

/** A new agent of this gateway that has done nothing yet, with these lamports. */
export async function stranger(network: TestNetwork, lamports = LAMPORTS): Promise<Leaver> {
  const keypair = Keypair.generate()
  const { program, gateway, mint, payer } = network
  const agent = keypair.publicKey
  if (lamports > 0n) {
    const fund = { fromPubkey: payer.publicKey, toPubkey: agent, lamports }
    await land(network, [SystemProgram.transfer(fund)], [payer])
  }
  const vault = vaultAddress(program, gateway, agent)
  const parties = { program, gateway, mint, agent }
  return { keypair, parties, vault, address: depositAddress(vault, mint) }
}

export async function openExitSite(): Promise<ExitSite> {
  const network = await startTestNetwork()
  const { rpc, mint, program, operator, payer } = network
  const rich = Keypair.generate()
  const funds = { lamports: LAMPORTS, usdc: units(1_000_000_000n) }
  await fundWallet(rpc, network, rich.publicKey, funds)
  const site: ExitSite = {
    network,
    async leaver(deposited, { lamports, delaySeconds = DELAY_SECONDS } = {}) {
      const leaver = await stranger(network, lamports)
      if (delaySeconds !== DELAY_SECONDS) await site.changeGateway(delaySeconds)
      const open = openVault(leaver.parties, payer.publicKey, delaySeconds)
      await land(network, [open], [payer])
      if (delaySeconds !== DELAY_SECONDS) await site.changeGateway(DELAY_SECONDS)
      await site.pay(leaver, deposited)
      return leaver
    },
    async pay({ parties }, amount) {
      await land(network, [deposit(parties, rich.publicKey, units(amount))], [rich])
    },
    async transfer({ vault, address }, amount) {
      const source = tokenAddress(rich.publicKey, mint)
      const owner = rich.publicKey
      const move = { source, mint, destination: address, owner }
      const create = createTokenAccount(owner, vault, mint)
      const send = transferChecked(move, units(amount), USDC_DECIMALS)
      await land(network, [create, send], [rich])
    },
    async request({ parties, keypair }, amount) {
      await land(network, [requestWithdrawal(parties, units(amount))], [keypair])
    },
    async settle({ parties, keypair, vault }, cumulative) {
      const message = voucherBytes(vault, units(cumulative))
      const voucher = ed25519Instruction(keypair.publicKey, message, signatureOf(keypair, message))
      const authority = operator.publicKey
      const take = settle(parties, { authority, treasury: authority }, units(cumulative))
      await land(network, [voucher, take], [operator])
    },
    async changeGateway(withdrawalDelaySeconds) {
      const terms = {
        treasury: operator.publicKey,
        withdrawalDelaySeconds,
        receiptKey: Keypair.generate().publicKey,
        endpoint: 'http://elsewhere.example',
      }
      const authority = operator.publicKey
      await land(network, [updateGateway(program, authority, mint, terms)], [operator])
    },
    async vault({ vault }) {
      const account = await rpc.getAccountInfo(vault, 'confirmed')
      return decodeVault(account?.data ?? Buffer.alloc(0))
    },
    async wallet({ keypair }) {
      const account = await rpc.getAccountInfo(tokenAddress(keypair.publicKey, mint), 'confirmed')
      return account === null ? 0n : (readTokenAccount(account.data)?.amount ?? 0n)
    },
    lamports: async (key) => BigInt(await rpc.getBalance(key, 'confirmed')),
    stop: () => network.stop(),
  }
  await site.changeGateway(DELAY_SECONDS)
  return site
}

function signatureOf({ secretKey }: Keypair, message: Uint8Array): Uint8Array {
  const der = Buffer.concat([PKCS8_PREFIX, secretKey.subarray(0, 32)])
  return sign(null, message, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
}
