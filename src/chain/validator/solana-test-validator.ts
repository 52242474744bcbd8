/** The real `solana-test-validator`, as a child process with its own ports and ledger folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Connection, Keypair } from '@solana/web3.js'
import type { GenesisAccount, LocalValidator, ValidatorOptions } from './local-validator.ts'
import { claimPortBlock, type PortBlock } from './port-block.ts'

const COMMAND = 'solana-test-validator'
/** A slot of 8 ticks makes a transaction final after 3 s; the default of 64 takes 14 s. */
const TICKS_PER_SLOT = '8'
const START_TRIES = 600
const START_PAUSE_MS = 100
const STOP_WITHIN_MS = 10_000

/** The executable's path, or null when no folder of `PATH` has one. */
function findCommand(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, COMMAND)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return null
}

function validatorArguments(
  options: ValidatorOptions,
  ports: PortBlock,
  ledger: string,
  payer: Keypair,
): string[] {
  const [rpc, faucet, gossip, dynamic] = [0, 2, 3, 4].map((offset) => `${ports.first + offset}`)
  return [
    ...['--ledger', ledger, '--reset', '--quiet', '--ticks-per-slot', TICKS_PER_SLOT],
    ...['--rpc-port', `${rpc}`, '--faucet-port', `${faucet}`, '--gossip-port', `${gossip}`],
    ...['--dynamic-port-range', `${dynamic}-${ports.last}`, '--mint', payer.publicKey.toBase58()],
    ...options.programs.flatMap(({ address, file }) => ['--bpf-program', address, file]),
  ]
}

/** Writes each account as a file that the validator loads at genesis, and returns the arguments that name them. */
async function accountArguments(
  folder: string,
  accounts: readonly GenesisAccount[],
): Promise<string[]> {
  const files = accounts.map(async ({ address, lamports, data, owner }) => {
    const file = join(folder, `${address}.json`)
    const contents = [Buffer.from(data).toString('base64'), 'base64']
    const account = { lamports, data: contents, owner, executable: false, rentEpoch: 0 }
    await writeFile(file, JSON.stringify({ pubkey: address, account }))
    return ['--account', address, file]
  })
  return (await Promise.all(files)).flat()
}

/** Waits until the chain takes transactions: its payer is funded and a slot is final. */
async function waitUntilReady(rpcUrl: string, payer: Keypair, child: ChildProcess): Promise<void> {
  const rpc = new Connection(rpcUrl, { commitment: 'finalized', disableRetryOnRateLimit: true })
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (child.exitCode !== null) throw new Error(`${COMMAND} ended with ${child.exitCode}`)
    try {
      const slot = await rpc.getSlot('finalized')
      if (slot > 0 && (await rpc.getBalance(payer.publicKey, 'processed')) > 0) return
    } catch {
      // Not listening yet.
    }
    await pause(START_PAUSE_MS)
  }
  throw new Error(`${COMMAND} did not answer within ${(START_TRIES * START_PAUSE_MS) / 1000} s`)
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await ended
  clearTimeout(kill)
}

/** Starts a chain in a child process. Throws when the executable is not on the PATH or does not come up. */
export async function startSolanaTestValidator(options: ValidatorOptions): Promise<LocalValidator> {
  const command = findCommand()
  if (command === null) {
    throw new Error(`${COMMAND} was asked for and is not on the PATH: install Solana's release`)
  }
  const payer = Keypair.generate()
  const ports = await claimPortBlock()
  const folder = await mkdtemp(join(tmpdir(), 'level5-validator-'))
  const args = [
    ...validatorArguments(options, ports, join(folder, 'ledger'), payer),
    ...(await accountArguments(folder, options.accounts ?? [])),
  ]
  const child = spawn(command, args, { stdio: 'ignore' })
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const stop = async () => {
    process.off('exit', killWithUs)
    await endChild(child)
    await ports.release()
    await rm(folder, { recursive: true, force: true })
  }
  const rpcUrl = `http://127.0.0.1:${ports.first}`
  try {
    await waitUntilReady(rpcUrl, payer, child)
  } catch (cause) {
    await stop()
    throw cause
  }
  return {
    kind: COMMAND,
    rpcUrl,
    wsUrl: `ws://127.0.0.1:${ports.first + 1}`,
    payer,
    stop,
  }
}
