/** Renders the tables of cost rules as the page `docs/parameters.md`. */
import {
  COUNT_TOKENS_PARAMETERS,
  MESSAGES_PARAMETERS,
} from '../../src/formats/anthropic-parameters.ts'
import { CHAT_PARAMETERS } from '../../src/formats/openai-chat-parameters.ts'
import { EMBEDDINGS_PARAMETERS } from '../../src/formats/openai-embeddings.ts'
import { RESPONSES_PARAMETERS } from '../../src/formats/openai-responses-parameters.ts'
import type { Parameters, Rule } from '../../src/formats/rules.ts'

const INTRODUCTION = `# Parameters and what they may cost

The body of a billed call is an allow-list: each parameter has a rule, and one without a rule is a 400
\`unsupported_parameter\` that names it. This page is written from the tables in \`src/formats/\`; a test holds it to them,
and another holds the tables to the parameter types of the official SDKs.

| rule | meaning |
|---|---|
| free | costs nothing, or only text that the bytes of the body bound |
| checked | bears on the cost or on how the call is treated: another value is a 400 \`invalid_request\` |
| refused | cannot be bounded or reaches beyond the body: a 400 \`unsupported_parameter\`, save for the values named |

\`null\` is the same as absent everywhere. \`a.b\` is a member, \`a[]\` each item of a list, \`a<kind>\` an object of that kind.
The free members of an object are named in its line.

What the gateway writes into the forwarded body: the output cap where the client sent none (\`max_completion_tokens\` in
chat, \`max_output_tokens\` in Responses), \`stream_options.include_usage\` true in streamed chats, \`store\` false in Responses
always and in chat where the client sent it. Every other byte goes upstream as it came.
`

const PAGES: readonly (readonly [title: string, table: Parameters])[] = [
  ['POST /v1/chat/completions', CHAT_PARAMETERS],
  ['POST /v1/responses', RESPONSES_PARAMETERS],
  ['POST /v1/embeddings', EMBEDDINGS_PARAMETERS],
  ['POST /v1/messages', MESSAGES_PARAMETERS],
]

type Row = readonly [path: string, rule: string, note: string]

export function parametersPage(): string {
  const tables = PAGES.map(([title, table]) => `\n## ${title}\n\n${rows(table)}`)
  const counted = Object.keys(COUNT_TOKENS_PARAMETERS).map((name) => `\`${name}\``)
  const counting = `\n## POST /v1/messages/count_tokens\n\nFree. The rules of \`POST /v1/messages\` for ${counted.join(', ')}.\n`
  return [INTRODUCTION, ...tables, counting].join('')
}

function rows(table: Parameters): string {
  const seen = new Map<Rule, string>()
  const lines = memberRows(table, '', seen).map(
    ([path, rule, note]) => `| \`${path}\` | ${rule} | ${note.replaceAll('|', '\\|')} |`,
  )
  return `| parameter | rule | why |\n|---|---|---|\n${lines.join('\n')}\n`
}

function memberRows(members: Parameters, prefix: string, seen: Map<Rule, string>): Row[] {
  return Object.entries(members).flatMap(([name, rule]) => ruleRows(rule, `${prefix}${name}`, seen))
}

/** Rules that stand in several places are written out once. */
function ruleRows(rule: Rule, path: string, seen: Map<Rule, string>): Row[] {
  const before = seen.get(rule)
  switch (rule.kind) {
    case 'free':
    case 'checked':
      return [[path, rule.kind, rule.note]]
    case 'refused':
      return [
        [path, rule.allowed === null ? 'refused' : `refused but \`${rule.allowed}\``, rule.note],
      ]
    case 'shape': {
      if (before !== undefined) return [[path, 'by member', `${rule.note}: as \`${before}\``]]
      seen.set(rule, path)
      const ruled = Object.entries(rule.members).filter(([, { kind }]) => kind !== 'free')
      const free = Object.keys(rule.members).filter((name) => rule.members[name]?.kind === 'free')
      const note = free.length === 0 ? rule.note : `${rule.note}; free: ${free.join(', ')}`
      return [[path, 'by member', note], ...memberRows(Object.fromEntries(ruled), `${path}.`, seen)]
    }
    case 'list':
      return [[path, 'by item', rule.note], ...ruleRows(rule.items, `${path}[]`, seen)]
    case 'variants': {
      if (before !== undefined) return [[path, `by \`${rule.by}\``, `as \`${before}\``]]
      seen.set(rule, path)
      return Object.entries(rule.cases).flatMap(([name, one]) =>
        ruleRows(one, `${path}<${name}>`, seen),
      )
    }
    case 'by-type':
      return [
        ...(rule.text === undefined ? [] : ruleRows(rule.text, path, seen)),
        ...(rule.list === undefined ? [] : ruleRows(rule.list, path, seen)),
        ...(rule.object === undefined ? [] : ruleRows(rule.object, path, seen)),
      ]
  }
}
