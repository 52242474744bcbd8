/** `level5 gateway init` and `update`: the operator states, on the chain, the terms that agents can rely on. */
import { type Command, InvalidArgumentError } from 'commander'
import { readOrigin } from '../../agent/origin.ts'
import { addressOption, wholeNumber } from '../options.ts'
import { createOutput } from '../output.ts'
import { type ChainFlags, withChain } from './chain-options.ts'

export type Change = 'init' | 'update'

export interface ChangeFlags extends ChainFlags {
  readonly treasury?: string
  /** Seconds. */
  readonly delay?: number
  /** A key file, or an address. */
  readonly receiptKey?: string
  readonly endpoint?: string
}

/** The program refuses more. */
const DELAY_SECONDS_MAX = 2_592_000
const ENDPOINT_BYTES_MAX = 128

const DESCRIPTIONS: Readonly<Record<Change, string>> = {
  init: "create the operator's gateway; its authority signs and pays the rent",
  update: "change the gateway's terms; a changed delay holds for new vaults only",
}

export function addGatewayChange(gateway: Command, change: Change): void {
  const keeps = change === 'init' ? '' : ' (default: as it is)'
  withChain(gateway.command(change))
    .description(DESCRIPTIONS[change])
    .addOption(addressOption('--treasury', `owner of the account that is paid${keeps}`))
    .option('--delay <seconds>', `withdrawal delay${keeps}`, wholeNumber(0, DELAY_SECONDS_MAX))
    .option('--receipt-key <file|address>', `the key that signs receipts${keeps}`)
    .option('--endpoint <url>', `the gateway's public URL${keeps}`, endpoint)
    .action(async (flags: ChangeFlags) => {
      // Loaded on demand, like everything that knows the chain.
      const { changeGateway } = await import('./change-gateway.ts')
      const { gatewayText } = await import('./gateway-document.ts')
      const document = await changeGateway(change, flags)
      createOutput(flags.json ?? false).result(document, gatewayText(document))
    })
}

function endpoint(text: string): string {
  if (readOrigin(text) !== text || Buffer.byteLength(text) > ENDPOINT_BYTES_MAX) {
    throw new InvalidArgumentError(
      `Not scheme://host[:port] of at most ${ENDPOINT_BYTES_MAX} bytes, without trailing slash.`,
    )
  }
  return text
}
