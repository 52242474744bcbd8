/**
 * Signs with a command: a long-lived child that holds the key, or asks whoever does (a hardware module, a remote service).
 * It reads a request a line and answers each with a line, in order:
 *
 *     pubkey                            → the public key in base58
 *     sign <base64 of the message>      → the 64-byte ed25519 signature in base64
 *
 * Anything else is an error, and so is an end; the next request starts the command again. The text is run by
 * `/bin/sh -c`, and ends when its stdin does.
 */
import { verifyStrict } from '../identity/ed25519.ts'
import { decodeBase64Signature, decodePublicKey } from '../identity/public-key.ts'
import { LineChild } from './line-child.ts'
import { type MessageSigner, SignerFailed } from './message-signer.ts'

export interface CommandSignerOptions {
  /** The setting that the command comes from, for errors: the text itself may hold secrets. */
  readonly setting: string
  readonly command: string
  /** How long one answer may take. */
  readonly waitMs?: number
}

const WAIT_MS = 10_000

/** Starts the command and asks it for its key, once. Throws SignerFailed when it does not answer as it should. */
export async function commandSigner(options: CommandSignerOptions): Promise<MessageSigner> {
  const { setting, command, waitMs = WAIT_MS } = options
  const child = new LineChild(command, waitMs)
  try {
    const answer = await child.ask('pubkey')
    const publicKey = decodePublicKey(answer)
    if (publicKey === null) throw new Error('answered `pubkey` with something else than a key')
    return new CommandSigner(options, publicKey, child)
  } catch (cause) {
    await child.end()
    throw failure(setting, cause)
  }
}

class CommandSigner implements MessageSigner {
  readonly publicKey: Uint8Array
  readonly #options: CommandSignerOptions
  #child: LineChild
  #closed = false

  constructor(options: CommandSignerOptions, publicKey: Uint8Array, child: LineChild) {
    this.#options = options
    this.publicKey = publicKey
    this.#child = child
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    const { setting, command, waitMs = WAIT_MS } = this.#options
    if (this.#closed) throw failure(setting, new Error('was closed'))
    if (!this.#child.alive) this.#child = new LineChild(command, waitMs)
    const child = this.#child
    try {
      const answer = await child.ask(`sign ${Buffer.from(message).toString('base64')}`)
      const signature = decodeBase64Signature(answer)
      if (signature === null)
        throw new Error('answered `sign` with something else than a signature')
      if (!verifyStrict(this.publicKey, message, signature)) {
        throw new Error('gave a signature that its key does not verify')
      }
      return signature
    } catch (cause) {
      // What it answers from here on may belong to another request.
      child.fail('answered something wrong before')
      throw failure(setting, cause)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#child.end()
  }
}

function failure(setting: string, cause: unknown): SignerFailed {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new SignerFailed(`${setting}: the signing command ${why}`, { cause })
}
