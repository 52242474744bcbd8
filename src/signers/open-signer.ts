/** A key setting turned into who signs for it: the path of a key file, or `cmd:` and a command. */
import { commandSigner } from './command-signer.ts'
import { type FileSigner, fileSigner } from './file-signer.ts'
import type { MessageSigner } from './message-signer.ts'

const COMMAND = 'cmd:'

/** Opens the signer. Throws, naming the setting, when the file is none or the command does not answer. */
export async function openSigner(
  setting: string,
  value: string,
): Promise<MessageSigner | FileSigner> {
  if (value.startsWith(COMMAND)) {
    return await commandSigner({ setting, command: value.slice(COMMAND.length) })
  }
  try {
    return fileSigner(value)
  } catch (error) {
    throw new Error(`${setting}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
