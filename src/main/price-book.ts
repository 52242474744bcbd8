/** The price list in force: the built-in one with its effective dates and the markup, or the operator's own. */
import { readFileSync } from 'node:fs'
import type { SpendLedger } from '../ledger/ledger.ts'
import { buildCatalogue, nextPriceChange } from '../prices/catalogue.ts'
import { MODEL_PRICES } from '../prices/data/model-prices.ts'
import { MODEL_LIMITS } from '../prices/limits.ts'
import { makePriceList, modelsJson } from '../prices/make-list.ts'
import type { PriceList } from '../prices/price-list.ts'
import { readPricesFile } from '../prices/prices-file.ts'
import type { SignedPrices } from '../routes/parts.ts'
import type { MessageSigner } from '../signers/message-signer.ts'
import { createPriceListSigner } from './signed-prices.ts'

export interface PriceSettings {
  readonly pricesFile: string | null
  readonly markupPercent: number
}

export interface PriceBook {
  /** The list in force. */
  current(): PriceList
  /** The list of a version as it is published; null: the one in force. */
  published(version: string | null): Promise<SignedPrices>
  /** Puts a list in force whose time has come; it is signed and in the ledger before anything is held under it. */
  refresh(): Promise<void>
}

/** Throws when the operator's file can't be read, naming every problem. `providers`: names of the configured ones. */
export async function openPriceBook(
  settings: PriceSettings,
  providers: readonly string[],
  ledger: Pick<SpendLedger, 'storePrices' | 'prices'>,
  signer: MessageSigner,
  now: () => number,
): Promise<PriceBook> {
  const lists = createPriceListSigner(ledger, signer)
  async function open(at: number) {
    const list = await keep(listAt(settings, providers, at), ledger)
    return { list, body: await lists.sign(list) }
  }
  let inForce = await open(now())
  let next = settings.pricesFile === null ? nextPriceChange(MODEL_PRICES, now()) : null
  return {
    current: () => inForce.list,
    async published(version) {
      return version === null ? { kind: 'signed', body: inForce.body } : lists.find(version)
    },
    async refresh() {
      const at = now()
      if (next === null || at < next) return
      inForce = await open(at)
      next = nextPriceChange(MODEL_PRICES, at)
    },
  }
}

/** The list as the ledger has it: since a version was first in force, no restart changes what is said of it. */
async function keep(list: PriceList, ledger: Pick<SpendLedger, 'storePrices'>): Promise<PriceList> {
  const models = modelsJson(list.wireModels)
  const effectiveAt = await ledger.storePrices(list.version, list.effectiveAt, models)
  return { ...list, effectiveAt }
}

function listAt(settings: PriceSettings, providers: readonly string[], at: number): PriceList {
  const { pricesFile, markupPercent } = settings
  if (pricesFile === null) {
    const source = { models: MODEL_PRICES, limits: MODEL_LIMITS, providers, markupPercent }
    return makePriceList(buildCatalogue(source, at).served, at)
  }
  const file = readPricesFile(textOf(pricesFile), providers)
  if (file.kind === 'invalid') {
    throw new Error(`PRICES_FILE ${pricesFile}: ${file.problems.join('; ')}`)
  }
  return makePriceList(file.served, at)
}

function textOf(pricesFile: string): string {
  try {
    return readFileSync(pricesFile, 'utf8')
  } catch (cause) {
    throw new Error(`PRICES_FILE ${pricesFile}: the file cannot be read`, { cause })
  }
}
