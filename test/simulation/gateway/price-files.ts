/** Writes the price lists as operators do, one file each. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PRICE_LISTS } from '../calls/price-lists.ts'

/** The files, in the order of the lists. */
export function priceFiles(folder: string): string[] {
  return PRICE_LISTS.map((models, index) => {
    const file = join(folder, `prices-${index}.json`)
    writeFileSync(file, JSON.stringify({ models }))
    return file
  })
}
