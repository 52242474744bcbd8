/** The agent gets a key and money, and pays some of it into its vault. */
import { PublicKey } from '@solana/web3.js'
import { decodeVault } from '../../chain/accounts.ts'
import { formatUsdc } from '../../money.ts'
import { describe } from '../deposit.ts'
import type { Stage } from './stage.ts'

/** What the agent pays in, in USDC. */
const DEPOSIT = '0.5'

export async function depositScene(stage: Stage): Promise<void> {
  const { narrator, agent, rpc, ledger } = stage
  narrator.scene('An agent with a key pays into its vault')
  narrator.say(`agent ${agent.publicKey}`)
  await stage.fund(agent.publicKey, '5')
  narrator.say('its wallet has 5 USDC of this local chain')
  const paid = await agent.deposit({
    usdc: DEPOSIT,
    onProgress: (progress) => narrator.say(`… ${describe(progress)}`),
  })
  const status = async () => {
    const { value } = await rpc.getSignatureStatuses([paid.signature])
    return value[0] ?? null
  }
  await narrator.figure('deposit transaction', paid.signature, 'ledger', async () => {
    const rows = await ledger.transactions(agent.publicKey, null, 1)
    return rows[0]?.signature ?? 'none'
  })
  await narrator.figure('its slot', String(paid.slot), 'rpc', async () =>
    String((await status())?.slot),
  )
  await narrator.figure('its commitment', 'finalized', 'rpc', async () =>
    String((await status())?.confirmationStatus),
  )
  await narrator.figure('the vault received (units)', paid.amount, 'rpc', async () => {
    const account = await rpc.getAccountInfo(new PublicKey(paid.vault), 'finalized')
    return account === null ? 'no vault' : decodeVault(account.data).deposited.toString()
  })
  await narrator.figure('credited (USDC)', formatUsdc(BigInt(paid.available)), 'ledger', async () =>
    formatUsdc((await ledger.balance(agent.publicKey)).available),
  )
}
