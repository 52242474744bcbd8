/** Options that several commands share, and the readers of their values. */

import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Agent } from '../agent/index.ts'
import { readOrigin } from '../agent/origin.ts'
import { decodePublicKey } from '../identity/public-key.ts'
import { formatUsdc, parseUsdc, type Units, USDC_DECIMALS } from '../money.ts'

/** Where `dev` and `serve` listen unless told otherwise. */
const DEFAULT_URL = 'http://127.0.0.1:4020'

export interface JsonOption {
  readonly json?: true
}

export interface UrlOption {
  readonly url: string
}

export interface AgentFlags extends JsonOption, UrlOption {
  readonly key: string
  readonly rpcUrl?: string
  readonly program?: string
  readonly gateway?: string
  readonly voucherLimit?: Units
}

/** Adds `--json`. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON document on stdout')
}

/** Adds `--url` and `--json`. */
export function withUrl(command: Command): Command {
  const url = new Option('--url <url>', "the gateway's public URL").env('LEVEL5_URL')
  return withJson(command.addOption(url.argParser(origin).default(DEFAULT_URL)))
}

/** Adds what every command on the agent's side takes. */
export function withAgent(command: Command): Command {
  const key = new Option('--key <file>', "the agent's key file").env('LEVEL5_KEY')
  const limit = new Option(
    '--voucher-limit <usdc>',
    'sign vouchers for calls, never for more than this over the life of the vault',
  )
  return withUrl(command.addOption(key.makeOptionMandatory()))
    .option('--rpc-url <url>', "the RPC node (default: the gateway's rpc_url)")
    .addOption(addressOption('--program', 'the only program to trust').env('PROGRAM_ID'))
    .addOption(addressOption('--gateway', 'the only gateway to trust').env('GATEWAY_ADDRESS'))
    .addOption(limit.env('LEVEL5_VOUCHER_LIMIT').argParser(usdcAmount))
}

/** The agent that the flags describe. */
export async function agentOf(flags: AgentFlags): Promise<Agent> {
  const { key, url, rpcUrl, program, gateway, voucherLimit } = flags
  // Loaded on demand: help and wrong usage need no Solana library.
  const { createAgent } = await import('../agent/index.ts')
  return createAgent({
    key,
    url,
    ...(rpcUrl === undefined ? {} : { rpcUrl }),
    ...(program === undefined ? {} : { program }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(voucherLimit === undefined ? {} : { vouchers: { limit: formatUsdc(voucherLimit) } }),
  })
}

/** Reads an amount of USDC exactly; zero is none. */
export function usdcAmount(text: string): Units {
  const amount = parseUsdc(text)
  if (amount === null || amount === 0n) {
    throw new InvalidArgumentError(
      `Not an amount of USDC above zero with at most ${USDC_DECIMALS} decimals, like 5 or 0.25.`,
    )
  }
  return amount
}

/** Makes a reader of whole numbers between two bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`Not a whole number from ${least} to ${most}.`)
    }
    return value
  }
}

/** An option that takes an address. */
export function addressOption(flag: string, description: string): Option {
  return new Option(`${flag} <address>`, description).argParser(address)
}

/** Reads a gateway's public URL. */
function origin(text: string): string {
  const read = readOrigin(text)
  if (read === null) throw new InvalidArgumentError('Not scheme://host[:port].')
  return read
}

/** Reads an address: 32 bytes in base58. */
export function address(text: string): string {
  if (decodePublicKey(text) === null) {
    throw new InvalidArgumentError('Not a public key of 32 bytes in base58.')
  }
  return text
}
