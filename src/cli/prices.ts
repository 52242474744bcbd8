/** `level5 prices`: what each model costs. */
import type { Command } from 'commander'
import { createGatewayApi } from '../agent/gateway-api.ts'
import type { Prices } from '../agent/wire.ts'
import { formatUsdc } from '../money.ts'
import { type JsonOption, type UrlOption, withUrl } from './options.ts'
import { columns, createOutput } from './output.ts'

export function addPrices(program: Command): void {
  withUrl(program.command('prices'))
    .description('list the models with their prices, cheapest output first')
    .action(async (flags: UrlOption & JsonOption) => {
      const prices = await createGatewayApi(flags.url, fetch).get<Prices>('/v1/pricing')
      createOutput(flags.json ?? false).result(prices, table(prices))
    })
}

function table(prices: Prices): string {
  const models = Object.entries(prices.models).sort(([, a], [, b]) =>
    Number(BigInt(a.output) - BigInt(b.output)),
  )
  const rows = models.map(([id, model]) => [
    id,
    model.provider,
    ...[model.input, model.cached_input, model.output].map((price) => formatUsdc(BigInt(price))),
    String(model.context_window),
    String(model.max_output_tokens),
  ])
  const head = ['model', 'provider', 'input', 'cached', 'output', 'context', 'max output']
  const about = `USDC per 1,000,000 tokens; price list ${prices.version} of ${prices.effective_at}`
  return `${columns([head, ...rows])}\n${about}`
}
