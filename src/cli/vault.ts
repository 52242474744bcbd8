/** `level5 vault`: the agent's vault as the chain has it. */
import type { Command } from 'commander'
import type { VaultStatus } from '../agent/index.ts'
import { formatUsdc } from '../money.ts'
import { type AgentFlags, agentOf, withAgent } from './options.ts'
import { columns, createOutput } from './output.ts'

const AMOUNTS = ['deposited', 'settled', 'withdrawn', 'booked', 'tokens', 'surplus'] as const

export function addVault(program: Command): void {
  withAgent(program.command('vault'))
    .description(
      "show the agent's vault as the chain has it; with --program, --gateway and --rpc-url no gateway is asked",
    )
    .action(async (flags: AgentFlags) => {
      const vault = await (await agentOf(flags)).vault()
      createOutput(flags.json ?? false).result(vault, describe(vault))
    })
}

function describe(vault: VaultStatus): string {
  const { vault: address, deposit_address, program, upgrade_authority } = vault
  const keeper =
    upgrade_authority === null
      ? 'nobody can change it'
      : `${upgrade_authority} CAN CHANGE IT, and with it where the money goes`
  const pending =
    vault.withdrawable_at === null
      ? []
      : [
          [
            `withdrawal pending until ${vault.withdrawable_at}`,
            `${formatUsdc(BigInt(vault.pending_withdrawal))} USDC`,
          ],
        ]
  return [
    `vault           ${address}${vault.is_open ? '' : ' (not opened yet)'}`,
    `deposit address ${deposit_address}${vault.frozen ? ' (FROZEN by the issuer of USDC)' : ''}`,
    `program         ${program}: ${keeper}`,
    `delay           ${vault.withdrawal_delay_seconds} s`,
    columns([
      ...AMOUNTS.map((name) => [name, `${formatUsdc(BigInt(vault[name]))} USDC`]),
      ...pending,
    ]),
  ].join('\n')
}
