/** The headers of a client that go to Anthropic. Source: wire contract, "Calls" ("Only allow-listed client headers"). */
import { refusal } from '../errors.ts'
import type { HeaderOutcome } from './format.ts'

const VERSION = '2023-06-01'

/**
 * Betas that cost nothing beyond the tokens that the parameter rules bound. What a beta adds to the body is still
 * subject to those rules. Left out on purpose: `context-1m-*` (another window and price), `fast-mode-*`, hosted tools,
 * files, compaction, and every beta whose cost is not known.
 */
const FREE_BETAS = new Set([
  'claude-code-20250219',
  'context-management-2025-06-27',
  'extended-cache-ttl-2025-04-11',
  'fine-grained-tool-streaming-2025-05-14',
  'interleaved-thinking-2025-05-14',
  'model-context-window-exceeded-2025-08-26',
  'output-128k-2025-02-19',
  'pdfs-2024-09-25',
  'prompt-caching-2024-07-31',
  'structured-outputs-2025-11-13',
  'token-counting-2024-11-01',
  'token-efficient-tools-2025-02-19',
])

/** `anthropic-version` (Anthropic's first where absent) and the allowed `anthropic-beta` values; others are refused. */
export function anthropicHeaders(get: (name: string) => string | undefined): HeaderOutcome {
  const version = get('anthropic-version') ?? VERSION
  if (!/^\d{4}-\d{2}-\d{2}$/.test(version)) {
    const message = '`anthropic-version` must be a date like 2023-06-01.'
    return { kind: 'refused', refusal: refusal('invalid_request', message, 'anthropic-version') }
  }
  const betas = (get('anthropic-beta') ?? '')
    .split(',')
    .map((beta) => beta.trim())
    .filter((beta) => beta !== '')
  const unknown = betas.find((beta) => !FREE_BETAS.has(beta))
  if (unknown !== undefined) {
    const message = `\`anthropic-beta\`: ${JSON.stringify(unknown.slice(0, 80))} has no cost rule here.`
    return { kind: 'refused', refusal: refusal('unsupported_parameter', message, 'anthropic-beta') }
  }
  const headers = { 'anthropic-version': version }
  if (betas.length === 0) return { kind: 'forward', headers }
  return { kind: 'forward', headers: { ...headers, 'anthropic-beta': betas.join(',') } }
}
