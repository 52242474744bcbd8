/**
 * Any other gateway that serves the providers' formats, asked with an API key the way the providers' SDKs send it. It
 * shows no money.
 */
import { openWire } from '../http.ts'
import type { CallFormat } from '../play.ts'
import type { Ask, Target } from '../target.ts'
import { askingOver } from './target-over.ts'

export interface ApiKeyOptions {
  /** Where it is reached: `scheme://host[:port]`. */
  readonly url: string
  readonly key: string
  /** Go along with every request, by their lower-case names: what this gateway needs besides the key. */
  readonly headers: Readonly<Record<string, string>>
  /** The formats that are checked, each with the model to ask for. */
  readonly models: ReadonlyMap<CallFormat, string>
  /** An answer that has not ended after this is cut. */
  readonly answerMsMax: number
}

export function openApiKey({ url, key, headers, models, answerMsMax }: ApiKeyOptions): Target {
  const wire = openWire(url, answerMsMax)
  const always = {
    'content-type': 'application/json',
    authorization: `Bearer ${key}`,
    'x-api-key': key,
    'anthropic-version': '2023-06-01',
    ...headers,
  }
  const signed = (ask: Ask): Promise<Ask> =>
    Promise.resolve({ ...ask, headers: { ...always, ...ask.headers } })
  return { url, identity: null, money: null, models, ...askingOver(wire, { signed }) }
}
