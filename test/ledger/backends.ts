/** The ledgers that every suite of this folder runs on. A new one is a new entry. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, test } from 'vitest'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/sqlite/open-ledger.ts'
import { TEST_ISSUER } from '../support/receipt-key.ts'

/** Where one ledger's books are kept. */
export interface Home {
  /** Opens the books, like one more process would; closed when the test ends. */
  open(): Ledger
  /** The books as a power cut at this instant leaves them: what is on disk and nothing else. */
  afterPowerCut(): Home
}

export interface Backend {
  readonly name: string
  /** New and empty; removed when the test ends. */
  newHome(): Home
}

const BACKENDS: readonly Backend[] = [{ name: 'sqlite', newHome: newSqliteHome }]

/** `test`, once a ledger: `$name` in the title is the ledger's. */
export const everyLedger = test.for(BACKENDS)

/** A folder that the test may fill. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'level5-ledger-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function newSqliteHome(): Home {
  return sqliteHome(join(newFolder(), 'ledger.sqlite'))
}

function sqliteHome(file: string): Home {
  return {
    open() {
      const ledger = openLedger(file, TEST_ISSUER)
      onTestFinished(() => ledger.close())
      return ledger
    },
    afterPowerCut() {
      const copy = join(newFolder(), 'ledger.sqlite')
      for (const suffix of ['', '-wal']) {
        if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix)
      }
      return sqliteHome(copy)
    },
  }
}
