/** The gateway's own routes over a fetch: JSON in, JSON out, refusals as `Level5Error`. */
import { ERRORS, type ErrorCode } from '../errors.ts'
import { Level5Error } from './level5-error.ts'
import type { Fetch } from './signing-fetch.ts'
import type { Payment } from './wire.ts'

export interface GatewayApi {
  get<T>(target: string): Promise<T>
  post<T>(target: string, body: unknown): Promise<T>
}

/** Speaks to the gateway at `origin` through `fetch` (a signing one, or a plain one for public routes). */
export function createGatewayApi(origin: string, fetch: Fetch): GatewayApi {
  return {
    get: async <T>(target: string) => (await exchange(fetch, new URL(target, origin), {})) as T,
    post: async <T>(target: string, body: unknown) => {
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify(body) }
      return (await exchange(fetch, new URL(target, origin), init)) as T
    },
  }
}

async function exchange(fetch: Fetch, url: URL, init: RequestInit): Promise<unknown> {
  const response = await attempt(fetch, url, init)
  if (!response.ok) throw await readRefusal(response)
  return await response.json().catch((cause: unknown) => {
    throw unexpected(response, cause)
  })
}

async function attempt(fetch: Fetch, url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    if (cause instanceof Level5Error) throw cause
    throw new Level5Error('unreachable', `no answer from ${url.origin}: ${reason(cause)}`, {
      cause,
    })
  }
}

/** Reads an answer that is not a success into the error it carries, in either dialect. */
export async function readRefusal(response: Response): Promise<Level5Error> {
  const body: unknown = await response.json().catch(() => null)
  const { error, payment } = Object(body) as { error?: unknown; payment?: Payment }
  const { code, message } = Object(error) as { code?: unknown; message?: unknown }
  if (typeof code !== 'string' || !isErrorCode(code)) return unexpected(response, body)
  return new Level5Error(code, typeof message === 'string' ? message : code, {
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    ...(payment === undefined ? {} : { payment }),
  })
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

function unexpected(response: Response, cause: unknown): Level5Error {
  const message = `${response.url} answered ${response.status} with something that is not level5's`
  return new Level5Error('unexpected_answer', message, { status: response.status, cause })
}

function reason(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return inner instanceof Error ? inner.message : String(inner)
}
