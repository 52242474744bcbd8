import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPricesFile } from '../../src/prices/prices-file.ts'

const MODEL = {
  provider: 'openai',
  formats: ['openai-chat'],
  input: '150000',
  output: '600000',
  context_window: 128_000,
  max_output_tokens: 16_384,
}

function read(models: Record<string, unknown>, providers = ['openai']) {
  return readPricesFile(JSON.stringify({ models }), providers)
}

describe('an own price list', () => {
  test('is read with its defaults', () => {
    expect(read({ 'my/model': MODEL })).toEqual({
      kind: 'read',
      served: [
        {
          id: 'my/model',
          provider: 'openai',
          formats: ['openai-chat'],
          prices: {
            input: 150_000n,
            cached_input: 150_000n,
            cache_write: 150_000n,
            cache_write_1h: 150_000n,
            output: 600_000n,
          },
          hasHourCache: false,
          longContext: null,
          contextWindow: 128_000,
          maxOutputTokens: 16_384,
          toolPromptTokens: 3_000,
          imageTokensMax: null,
          documentPageTokensMax: null,
        },
      ],
    })
  })

  test('is read with everything stated', () => {
    const long_context = { above: 1000, input: '300000', cached_input: '2', output: '900000' }
    const full = {
      ...MODEL,
      cached_input: '75000',
      cache_write: '187500',
      long_context,
      tool_prompt_tokens: 0,
      image_tokens_max: 1445,
      documents: true,
    }
    expect(read({ m: full })).toMatchObject({
      served: [
        {
          prices: { cached_input: 75_000n, cache_write: 187_500n, cache_write_1h: 187_500n },
          longContext: { above: 1000, prices: { input: 300_000n, cache_write: 300_000n } },
          toolPromptTokens: 0,
          imageTokensMax: 1445,
          documentPageTokensMax: 128_000,
        },
      ],
    })
    expect(read({ m: { ...MODEL, cache_write_1h: '9' } })).toMatchObject({
      served: [{ hasHourCache: true, prices: { cache_write_1h: 9n } }],
    })
  })

  test('serves configured providers only', () => {
    const models = { a: MODEL, b: { ...MODEL, provider: 'elsewhere' } }
    expect(read(models)).toMatchObject({ served: [{ id: 'a' }] })
  })
})

describe('an own price list with mistakes', () => {
  test.each([
    ['a zero price', { output: '0' }],
    ['a negative price', { input: '-1' }],
    ['a price as a number', { input: 150_000 }],
    ['a fraction', { input: '0.15' }],
    ['no output price', { output: undefined }],
    ['a zero cache price', { cached_input: '0' }],
    ['a zero price above the threshold', { long_context: { above: 1, input: '1', output: '0' } }],
    ['no context window', { context_window: undefined }],
    ['no output cap', { max_output_tokens: undefined }],
    ['an output cap of zero', { max_output_tokens: 0 }],
    ['a misspelt member', { cached_imput: '1' }],
    ['no formats', { formats: [] }],
    [
      'an hour of cache with long context',
      { cache_write_1h: '1', long_context: { above: 1, input: '1', output: '1' } },
    ],
  ])('M7: %s is refused', (_, wrong) => {
    expect(read({ m: { ...MODEL, ...wrong } }).kind).toBe('invalid')
  })

  test('every problem is reported at once, with its place', () => {
    const outcome = read({ a: { ...MODEL, input: '0' }, b: { ...MODEL, output: 7, provider: '' } })
    if (outcome.kind === 'read') return expect.fail('read')
    expect(outcome.problems.join('\n')).toMatch(/models\.a\.input.*/)
    expect(outcome.problems.join('\n')).toMatch(/models\.b\.output.*/)
    expect(outcome.problems.join('\n')).toMatch(/models\.b\.provider.*/)
  })

  test('a file without models, or that is no JSON, is refused and never throws', () => {
    expect(read({}).kind).toBe('invalid')
    expect(readPricesFile('{', ['openai'])).toMatchObject({ kind: 'invalid' })
    fc.assert(fc.property(fc.json(), (text) => readPricesFile(text, ['openai']).kind === 'invalid'))
  })
})
