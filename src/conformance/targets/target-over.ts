/** A target made of a wire and of what adds the credentials. */
import type { Wire } from '../http.ts'
import type { Ask, Target } from '../target.ts'

export interface Credentials {
  /** The request with credentials; an own header of the ask that names the same wins. */
  signed(ask: Ask): Promise<Ask>
}

/** The asking half of a target. */
export function askingOver(
  wire: Wire,
  { signed }: Credentials,
): Pick<Target, 'send' | 'sendBare' | 'stream' | 'signed' | 'close'> {
  return {
    signed,
    sendBare: wire.send,
    send: async (ask) => wire.send(await signed(ask)),
    stream: async (ask, onChunk) => wire.stream(await signed(ask), onChunk),
    close: wire.close,
  }
}
