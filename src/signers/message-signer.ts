/** Who signs for a key of the operator's, wherever the key lives. */

export interface MessageSigner {
  /** 32 bytes of ed25519. */
  readonly publicKey: Uint8Array
  /** The 64 bytes over the message. Throws SignerFailed where there are none to be had now; the next try may succeed. */
  sign(message: Uint8Array): Promise<Uint8Array>
  /** Frees what the signer holds; signatures that are waited for fail. */
  close(): Promise<void>
}

/** No signature: the message names the setting that the key comes from, and never the key. */
export class SignerFailed extends Error {
  override readonly name = 'SignerFailed'
}
