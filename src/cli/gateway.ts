/** `level5 gateway init|update|show`: the operator's Gateway account on a chain. */
import type { Command } from 'commander'
import { addGatewayChange } from './gateway/change.ts'
import { addGatewayShow } from './gateway/show.ts'

export function addGateway(program: Command): void {
  const gateway = program
    .command('gateway')
    .description("create, change or show the operator's Gateway account on a chain")
  addGatewayChange(gateway, 'init')
  addGatewayChange(gateway, 'update')
  addGatewayShow(gateway)
}
