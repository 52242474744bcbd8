/** `level5 keygen`: makes an agent's key in the Solana CLI's file format, or shows whose key a file holds. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import bs58 from 'bs58'
import type { Command } from 'commander'
import { toSigner } from '../agent/key.ts'
import { type JsonOption, withJson } from './options.ts'
import { createOutput } from './output.ts'
import { UsageError } from './report-failure.ts'

interface Flags extends JsonOption {
  readonly out?: string
  readonly show?: string
}

/** Only its owner may read a key. */
const OWNER_ONLY = 0o600

export function addKeygen(program: Command): void {
  withJson(program.command('keygen'))
    .description('make a keypair: a JSON array of 64 bytes, as the Solana CLI writes it')
    .option('--out <file>', 'write it to a new file that only you can read (default: stdout)')
    .option('--show <file>', 'print the public key of an existing file instead')
    .action((flags: Flags) => {
      const output = createOutput(flags.json ?? false)
      if (flags.show !== undefined) {
        if (flags.out !== undefined) throw new UsageError('--show and --out exclude each other')
        const { publicKey } = toSigner(flags.show)
        output.result({ pubkey: publicKey }, publicKey)
        return
      }
      const secretKey = [...newSecretKey()]
      const pubkey = bs58.encode(Uint8Array.from(secretKey.slice(32)))
      if (flags.out === undefined) {
        output.result({ pubkey, secret_key: secretKey }, JSON.stringify(secretKey))
        return
      }
      writeNew(flags.out, JSON.stringify(secretKey))
      output.result({ pubkey, file: flags.out }, `${pubkey}\nwritten to ${flags.out}`)
    })
}

/** 64 random bytes of a keypair: seed, then public key. */
export function newSecretKey(): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return Buffer.concat([seed, point])
}

/** Never overwrites: a key that is gone takes its money along. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: OWNER_ONLY, flag: 'wx' })
  } catch (cause) {
    const code = Object(cause).code
    if (code === 'EEXIST') throw new Error(`${path} exists; keys are never overwritten`, { cause })
    throw cause
  }
}
