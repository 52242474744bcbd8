/** The tables of cost rules against the official SDKs' own parameter types: a parameter that they gain turns this red. */
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'
import {
  COUNT_TOKENS_PARAMETERS,
  MESSAGES_PARAMETERS,
} from '../../src/formats/anthropic-parameters.ts'
import { CHAT_PARAMETERS } from '../../src/formats/openai-chat-parameters.ts'
import { EMBEDDINGS_PARAMETERS } from '../../src/formats/openai-embeddings.ts'
import { RESPONSES_PARAMETERS } from '../../src/formats/openai-responses-parameters.ts'
import { type Parameters, type Rule, shape } from '../../src/formats/rules.ts'

const sdkFile = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/${name}.d.ts`, import.meta.url))

const CHAT_FILE = sdkFile('openai/resources/chat/completions/completions')
const RESPONSES_FILE = sdkFile('openai/resources/responses/responses')
const EMBEDDINGS_FILE = sdkFile('openai/resources/embeddings')
const MESSAGES_FILE = sdkFile('@anthropic-ai/sdk/resources/messages/messages')

const program = ts.createProgram([CHAT_FILE, RESPONSES_FILE, EMBEDDINGS_FILE, MESSAGES_FILE], {
  strict: true,
  skipLibCheck: true,
  types: [],
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
})
const checker = program.getTypeChecker()

/** An exported type of an SDK's file. */
function sdkType(file: string, name: string): ts.Type {
  const source = program.getSourceFile(file)
  const module = source && checker.getSymbolAtLocation(source)
  const found = module && checker.getExportsOfModule(module).find((symbol) => symbol.name === name)
  if (found === undefined) throw new Error(`${file} exports no ${name}`)
  return checker.getDeclaredTypeOfSymbol(found)
}

const NOTHING = ts.TypeFlags.Undefined | ts.TypeFlags.Null

/** The alternatives of a type, without "absent". */
function alternatives(type: ts.Type): readonly ts.Type[] {
  return (type.isUnion() ? type.types : [type]).filter((one) => (one.flags & NOTHING) === 0)
}

function element(type: ts.Type): ts.Type | undefined {
  return checker.isArrayType(type)
    ? checker.getTypeArguments(type as ts.TypeReference)[0]
    : undefined
}

/** The paths of everything that the type allows and the rule does not know. */
function unruled(rule: Rule, type: ts.Type, path: string): string[] {
  switch (rule.kind) {
    case 'free':
    case 'checked':
    case 'refused':
      return []
    case 'shape':
      return alternatives(type).flatMap((one) => unruledMembers(rule.members, one, path))
    case 'list':
      return alternatives(type).flatMap((one) => {
        const items = element(one)
        return items === undefined
          ? [`${path} is no list`]
          : unruled(rule.items, items, `${path}[]`)
      })
    case 'variants':
      return alternatives(type).flatMap((one) => unruledVariant(rule, one, path))
    case 'by-type':
      return alternatives(type).flatMap((one) => {
        const kind =
          element(one) !== undefined
            ? rule.list
            : (one.flags & ts.TypeFlags.StringLike) !== 0
              ? rule.text
              : rule.object
        return kind === undefined
          ? [`${path}: ${checker.typeToString(one)}`]
          : unruled(kind, one, path)
      })
  }
}

function unruledMembers(members: Parameters, type: ts.Type, path: string): string[] {
  return checker.getPropertiesOfType(type).flatMap((property) => {
    const at = path === '' ? property.name : `${path}.${property.name}`
    const rule = Object.hasOwn(members, property.name) ? members[property.name] : undefined
    return rule === undefined ? [at] : unruled(rule, checker.getTypeOfSymbol(property), at)
  })
}

function unruledVariant(
  rule: Extract<Rule, { kind: 'variants' }>,
  type: ts.Type,
  path: string,
): string[] {
  const kind = type.getProperty(rule.by)
  if (kind === undefined) return [`${path} has no ${rule.by}`]
  return alternatives(checker.getTypeOfSymbol(kind)).flatMap((literal) => {
    const name = literal.isStringLiteral() ? literal.value : checker.typeToString(literal)
    const known = Object.hasOwn(rule.cases, name) ? rule.cases[name] : undefined
    return known === undefined
      ? [`${path}.${rule.by}=${name}`]
      : unruled(known, type, `${path}<${name}>`)
  })
}

const TABLES = [
  ['chat completions', CHAT_FILE, 'ChatCompletionCreateParamsBase', CHAT_PARAMETERS],
  ['Responses', RESPONSES_FILE, 'ResponseCreateParamsBase', RESPONSES_PARAMETERS],
  ['embeddings', EMBEDDINGS_FILE, 'EmbeddingCreateParams', EMBEDDINGS_PARAMETERS],
  ['messages', MESSAGES_FILE, 'MessageCreateParamsBase', MESSAGES_PARAMETERS],
  ['counting tokens', MESSAGES_FILE, 'MessageCountTokensParams', COUNT_TOKENS_PARAMETERS],
] as const

test.each(TABLES)(
  "M5: every parameter of the SDK's %s has a rule, at every depth",
  (_what, file, name, table) => {
    const missing = unruled(shape('the body', table), sdkType(file, name), '')
    expect([...new Set(missing)]).toEqual([])
  },
)

test('M5: a parameter without a rule is found: outermost, in a part, by its kind', () => {
  const type = sdkType(CHAT_FILE, 'ChatCompletionCreateParamsBase')
  const { n: _, ...withoutN } = CHAT_PARAMETERS
  expect(unruled(shape('the body', withoutN), type, '')).toEqual(['n'])
  const options = shape('options', {})
  expect(
    unruled(shape('the body', { ...CHAT_PARAMETERS, stream_options: options }), type, ''),
  ).toEqual(['stream_options.include_obfuscation', 'stream_options.include_usage'])
  const { tools } = CHAT_PARAMETERS
  if (tools?.kind !== 'list' || tools.items.kind !== 'variants') throw new Error('another table')
  const { custom: __, ...cases } = tools.items.cases
  const without = { ...tools, items: { ...tools.items, cases } }
  expect(unruled(shape('the body', { ...CHAT_PARAMETERS, tools: without }), type, '')).toEqual([
    'tools[].type=custom',
  ])
})
