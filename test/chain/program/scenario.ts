/**
 * Who and what there is on the chain on which the program's checks are tried: everything that the instructions need, and
 * beside each thing one that is wrong in exactly one way. Keys come from names, so every run has the same addresses.
 */
import { createHash } from 'node:crypto'
import { Keypair, PublicKey } from '@solana/web3.js'
import { depositAddress } from '../../../src/chain/addresses.ts'
import { vaultIdl } from '../../../src/chain/program-file.ts'

export const PROGRAM = new PublicKey(vaultIdl().address)
export const TOKEN_2022_PROGRAM = new PublicKey('TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb')
export const DELAY_SECONDS = 900n
export const WALLET_UNITS = 1_000_000_000n
/** What an open vault has booked, and what lies on its deposit address beyond that. */
export const BOOKED_UNITS = 5_000_000n
export const SURPLUS_UNITS = 250_000n
/** What is asked back of the vaults that have a pending withdrawal, and when it is theirs. */
export const PENDING_UNITS = 1_000_000n
export const LONG_AGO_SECONDS = 1_600_000_000n
export const FAR_AHEAD_SECONDS = 4_000_000_000n
export const U64_MAX = 2n ** 64n - 1n

export function keypair(name: string): Keypair {
  return Keypair.fromSeed(createHash('sha256').update(name).digest())
}

export const key = (name: string): PublicKey => keypair(name).publicKey

function derive(...seeds: readonly (string | PublicKey)[]): [PublicKey, number] {
  const bytes = seeds.map((seed) => (typeof seed === 'string' ? Buffer.from(seed) : seed.toBytes()))
  return PublicKey.findProgramAddressSync(bytes, PROGRAM)
}

/** A gateway of the named operator, whether it exists or not. */
function gatewayOf(operatorName: string, mint: PublicKey) {
  const operator = key(operatorName)
  const [address, bump] = derive('gateway', operator, mint)
  return { operator, mint, address, bump }
}

/** The named agent's vault with a gateway, whether it exists or not. */
export function vaultOf(agentName: string, gateway: { address: PublicKey; mint: PublicKey }) {
  const agentKey = keypair(agentName)
  const agent = agentKey.publicKey
  const [address, bump] = derive('vault', gateway.address, agent)
  const deposits = depositAddress(address, gateway.mint)
  return { gateway: gateway.address, agent, agentKey, address, bump, deposits }
}

export type VaultParts = ReturnType<typeof vaultOf>

export const MINT = key('mint')
export const OTHER_MINT = key('other mint')
export const TOKEN_2022_MINT = key('token-2022 mint')

export const GATEWAY = {
  open: gatewayOf('operator', MINT),
  other: gatewayOf('other operator', MINT),
  /** Its mint is of Token-2022, which the program never let happen. */
  token2022: gatewayOf('token-2022 operator', TOKEN_2022_MINT),
  absent: gatewayOf('new operator', MINT),
  /** Every byte is right but those that say what it is. */
  unmarked: gatewayOf('unmarked operator', MINT),
  /** Another program's account stands at its address. */
  squatted: gatewayOf('squatted operator', MINT),
}

export const VAULT = {
  open: vaultOf('agent', GATEWAY.open),
  foreign: vaultOf('agent', GATEWAY.other),
  token2022: vaultOf('agent', GATEWAY.token2022),
  absent: vaultOf('new agent', GATEWAY.open),
  unmarked: vaultOf('unmarked agent', GATEWAY.open),
  /** Another program's account stands at its address, or at that of its tokens. */
  squatted: vaultOf('squatted agent', GATEWAY.open),
  squattedDeposits: vaultOf('agent of squatted tokens', GATEWAY.open),
  /** At its deposit address stands a token account of another mint, or of another owner. */
  otherMintDeposits: vaultOf('agent of other tokens', GATEWAY.open),
  otherOwnerDeposits: vaultOf("agent of others' tokens", GATEWAY.open),
  /** It has lost its deposit address, and its gateway has another delay by now. */
  closedDeposits: vaultOf('agent without tokens', GATEWAY.open),
  synced: vaultOf('synced agent', GATEWAY.open),
  fullTotal: vaultOf('agent at the largest total', GATEWAY.open),
  fullIndex: vaultOf('agent at the last index', GATEWAY.open),
  /** More went out than came in, by one total or by the sum of both. */
  overdrawn: vaultOf('overdrawn agent', GATEWAY.open),
  overflown: vaultOf('overflown agent', GATEWAY.open),
  short: vaultOf('agent short of tokens', GATEWAY.open),
  /** Its token account was frozen by the mint's freeze authority. */
  frozen: vaultOf('frozen agent', GATEWAY.open),
  /** Their withdrawals are pending: one may be taken, one waits, one is of more than the vault has booked. */
  due: vaultOf('patient agent', GATEWAY.open),
  waiting: vaultOf('agent who waits', GATEWAY.open),
  overasked: vaultOf('agent who asked for too much', GATEWAY.open),
  /** All that came in has gone out; of the second something was sent to the deposit address since. */
  empty: vaultOf('agent who is done', GATEWAY.open),
  dusty: vaultOf('agent with dust', GATEWAY.open),
  /** Nothing is booked and yet something is pending: no call brings that about. */
  emptyAsked: vaultOf('agent who asks for nothing', GATEWAY.open),
}

/** Accounts that are right but for one thing, and wallets. */
export const ODD = {
  tokenAccountAsMint: key('a token account as mint'),
  gatewayElsewhere: key('a gateway elsewhere'),
  gatewayOfSystem: key("a gateway's bytes, not the program's"),
  vaultElsewhere: key('a vault elsewhere'),
  vaultOfSystem: key("a vault's bytes, not the program's"),
  depositsElsewhere: key("the vault's token account, not the associated one"),
  depositsOfOtherMint: depositAddress(VAULT.open.address, OTHER_MINT),
  depositsOfToken2022: key("the vault's token account under Token-2022"),
  stranger: key('stranger'),
}

/** Owns what is settled; no operator's key. */
export const TREASURY = key('treasury')
export const DEPOSITOR = key('depositor')
export const DELEGATE = key('delegate')
export const CLOSED_VAULT_DELAY_SECONDS = 60n

export const WALLET = {
  own: key('wallet'),
  approved: key('wallet with a delegate'),
  foreign: key('wallet of a stranger'),
  otherMint: key('wallet of another mint'),
  token2022: key('wallet under Token-2022'),
  treasury: key('wallet of the treasury'),
  due: key('wallet of the patient agent'),
  agent: key('wallet of the agent'),
}

export type GatewayParts = ReturnType<typeof gatewayOf>
