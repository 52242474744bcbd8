/** M7: what has no price is refused before the provider is asked, and each charge follows from its price list. */
import { charge, TOKEN_CLASSES, type TokenPrices } from '../../money.ts'
import { type ListedPrices, readPriceList } from '../../proof/read-price-list.ts'
import { type ReadReceipt, readReceipt } from '../../proof/read-receipt.ts'
import { APPLICABLE, broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { answerText, askText } from '../evidence.ts'
import { plainCall } from '../plain-calls.ts'
import { chosen, moneyOf, type Served, served } from '../played-calls.ts'
import type { Ask, Money } from '../target.ts'

/** Receipts in a sample. */
const SAMPLED = 200

export const priced: Check = {
  property: 'M7',
  title: 'models without a price, and charges by the published lists',
  applicable: ({ target }) =>
    target.money === null ? notApplicable('the gateway shows no prices') : APPLICABLE,
  async run(site) {
    const listed = await checkList(site)
    for (const format of served(site.target)) {
      for (const wrong of unpriced(listed)) await checkRefused(site, format, wrong)
    }
    await makeCharges(site)
    await checkCharges(site)
  },
}

/** Models that providers serve under names that price lists often lack. */
const SOLD_ELSEWHERE = [
  'gpt-4-0314',
  'davinci-002',
  'claude-2.0',
  'chatgpt-4o-latest',
  'gpt-4o-mini-2099-01-01',
  'ft:gpt-4o-mini:someone::abc123',
  'openrouter/auto',
]

interface WrongModel {
  readonly name: string
  /** Undefined: the member is missing. */
  readonly model: unknown
}

function unpriced(listed: ReadonlySet<string>): WrongModel[] {
  return [
    { name: 'an unknown model', model: 'no-such-model' },
    { name: 'no model', model: undefined },
    { name: 'an empty model', model: '' },
    { name: 'a model null', model: null },
    { name: 'a model that is a number', model: 7 },
    { name: 'a model that is a list', model: ['gpt-4o-mini'] },
    { name: 'a model of the prototype', model: '__proto__' },
    { name: 'a model that is a method', model: 'constructor' },
    ...SOLD_ELSEWHERE.filter((id) => !listed.has(id)).map((id) => ({
      name: `${id}, which the list does not price`,
      model: id,
    })),
  ]
}

/** The models of the list in force, none of which may be free. */
async function checkList(site: CheckSite): Promise<ReadonlySet<string>> {
  const read = readPriceList(await moneyOf(site).pricing())
  if (read.kind === 'malformed') {
    site.report('GET /v1/pricing', broken(`GET /v1/pricing is malformed: ${read.problem}`))
    return new Set()
  }
  const { version, digest, models } = read.list
  const evidence = `GET /v1/pricing names the version ${version}, the digest of its models is ${digest}`
  site.report('the version is that of the models', version === digest ? HELD : broken(evidence))
  for (const [id, { prices }] of models) {
    const isFree = prices.input === 0n
    const free = `GET /v1/pricing: the input of ${id} costs nothing`
    site.report(`the price of ${id}`, isFree ? broken(free) : HELD)
  }
  return new Set(models.keys())
}

async function checkRefused(site: CheckSite, format: Served, wrong: WrongModel): Promise<void> {
  const { target } = site
  const money = moneyOf(site)
  const before = await money.books()
  const { ask: served_, play } = plainCall(site, format)
  const { model: _, ...rest } = JSON.parse(String(served_.body)) as Record<string, unknown>
  const asked = wrong.model === undefined ? rest : { model: wrong.model, ...rest }
  const ask: Ask = { ...served_, body: JSON.stringify(asked) }
  const answer = await target.send(ask)
  play?.end()
  const after = await money.books()
  const forwarded = play?.requests.length ?? 0
  const charged = after.spent - before.spent
  const found = [
    answer.status >= 400 && answer.status < 500 ? null : 'it was not refused',
    forwarded === 0 ? null : `the provider was asked ${forwarded} times`,
    charged === 0n ? null : `${charged} units were charged`,
  ].filter((line) => line !== null)
  const evidence = `${found.join(', ')}: ${askText(ask)} answered ${answerText(answer)}`
  site.report(`${format.wire.format}, ${wrong.name}`, found.length === 0 ? HELD : broken(evidence))
}

/** One charge a format, so that there are some. */
async function makeCharges(site: CheckSite): Promise<void> {
  if (site.provider === null) return
  for (const format of served(site.target)) {
    const { ask, play } = plainCall(site, format)
    await site.target.send(ask)
    play?.end()
  }
}

/** Every receipt of the agent, or a sample of them, against the list that it names. */
async function checkCharges(site: CheckSite): Promise<void> {
  const money = moneyOf(site)
  const all = await money.receipts(0)
  if (all === null) return
  const lists = new Map<string, Promise<ReadonlyMap<string, ListedPrices> | null>>()
  for (const delivered of chosen(site, all, SAMPLED)) {
    const read = readReceipt(delivered)
    if (read.kind === 'malformed') {
      site.report('a receipt', broken(`malformed: ${read.problem}: ${JSON.stringify(delivered)}`))
      continue
    }
    const { receipt } = read
    if (receipt.about.kind === 'correction') continue
    const { priceVersion } = receipt.about.call
    const list = lists.get(priceVersion) ?? modelsOf(money, priceVersion)
    lists.set(priceVersion, list)
    const wrong = wrongCharge(receipt, await list)
    const evidence = `${wrong}: ${JSON.stringify(delivered)}`
    site.report(`receipt ${receipt.seq}`, wrong === null ? HELD : broken(evidence))
  }
}

async function modelsOf(money: Money, version: string) {
  const read = readPriceList(await money.pricing(version))
  if (read.kind === 'malformed' || read.list.digest !== version) return null
  return read.list.models
}

function wrongCharge(
  receipt: ReadReceipt,
  models: ReadonlyMap<string, ListedPrices> | null,
): string | null {
  if (receipt.about.kind === 'correction') return null
  const { model, tokens, held, priceVersion } = receipt.about.call
  if (models === null)
    return `GET /v1/pricing?version=${priceVersion} has not the models of that version`
  const listed = models.get(model)
  if (listed === undefined) return `the list ${priceVersion} has no price for ${model}`
  const { longContext, prices } = listed
  const input = TOKEN_CLASSES.filter((name) => name !== 'output')
    .map((name) => tokens[name])
    .reduce((sum, count) => sum + count, 0)
  const tier: TokenPrices =
    longContext !== null && input > longContext.above ? longContext.prices : prices
  const computed = charge(tokens, tier)
  const due = held !== null && held < computed ? held : computed
  return receipt.charge === due
    ? null
    : `the tokens cost ${computed} units${held === null ? '' : `, ${held} were held`}, ${receipt.charge} were charged`
}
