/** How a gateway is killed at a step of a call, and what must be found after it. */
import type { LiveAnswer } from '../support/crash-call.ts'
import type { CrashPoint } from '../support/crash-preload.ts'
import type { DoomedProcess } from '../support/crash-process.ts'
import type { Behaviour, TestProvider } from '../support/provider.ts'

/** What a test sees while the gateway still lives. */
interface Scene {
  readonly answer: LiveAnswer
  readonly provider: TestProvider
  readonly gateway: DoomedProcess
}

/** Charges in units; given the input bound, every byte of the body as a token. */
export type Charges = (inputBound: bigint) => readonly bigint[]

/** What is found on the books, at the crash and for good. */
type Remains =
  /** As if it had not been asked. */
  | { readonly kind: 'nothing' }
  /** The hold is open, and recovered at one of these: which one is noted with it. */
  | { readonly kind: 'hold'; readonly charges: Charges }
  | { readonly kind: 'charge'; readonly outcome: string; readonly charges: Charges }
  | { readonly kind: 'release'; readonly reason: string }

export interface Death {
  readonly step: string
  readonly stream?: true
  readonly provider: Behaviour
  /** Where the process kills itself; absent where the test does. */
  readonly point?: (provider: TestProvider) => CrashPoint
  /** What has to happen besides the call. */
  readonly act?: (scene: Scene) => Promise<void>
  /** Requests that reached the provider. */
  readonly asked: 0 | 1
  readonly received: 'nothing' | 'a part' | 'all'
  readonly remains: Remains
}

/** Lives that end one after the other on the same books. */
export interface Chain {
  readonly name: string
  readonly deaths: readonly Death[]
  /** When the last gateway starts: its sweeps resolve what is open, or it does so before it serves. */
  readonly lastStarts: 'at once' | 'when the leases have ended'
}

type Commit = Extract<CrashPoint, { commit: string }>

export function commit(
  which: Commit['commit'],
  side: Commit['side'],
  { armed = true } = {},
): () => CrashPoint {
  return () => ({ commit: which, side, nth: 1, armed })
}

export function connectionToProvider({ url }: TestProvider): CrashPoint {
  return { connectionTo: Number(new URL(url).port), nth: 1, armed: true }
}

export type Act = (scene: Scene) => Promise<void>

export const clientHas =
  (text: string): Act =>
  ({ answer }) =>
    answer.has(text)

export const killWhen =
  (moment: Act): Act =>
  async (scene) => {
    await moment(scene)
    scene.gateway.kill()
  }

/** The next renewal knows all that has been seen by then. */
export const armWhen =
  (moment: Act): Act =>
  async (scene) => {
    await moment(scene)
    scene.gateway.arm()
  }
