/** An answer read to its end, whether or not it comes whole. */
export interface ReadAnswer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  /** False: it was cut after these bytes. */
  readonly whole: boolean
}

export async function readAnswer(response: Response): Promise<ReadAnswer> {
  const { status, headers } = response
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of response.body ?? []) pieces.push(piece as Uint8Array)
    return { status, headers, bytes: Buffer.concat(pieces), whole: true }
  } catch {
    return { status, headers, bytes: Buffer.concat(pieces), whole: false }
  }
}

/** The code of a refusal. */
export function codeOf({ bytes }: Pick<ReadAnswer, 'bytes'>): unknown {
  return (JSON.parse(bytes.toString()) as { error?: { code?: unknown } }).error?.code
}
