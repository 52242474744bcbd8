/** Stores a file of the newest schema here, once, when that schema is published: `npx tsx <this file>`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { MIGRATIONS } from '../../../../src/ledger/sqlite/migrate.ts'
import { openLedger } from '../../../../src/ledger/sqlite/open-ledger.ts'
import { TEST_ISSUER } from '../../../support/receipt-key.ts'
import { fillBooks } from './books.ts'

const folder = mkdtempSync(join(tmpdir(), 'level5-old-file-'))
const path = join(folder, 'ledger.sqlite')
const ledger = openLedger(path, TEST_ISSUER)
await fillBooks(ledger, MIGRATIONS.length)
await ledger.close()
const stored = new URL(`schema-${MIGRATIONS.length}.sqlite.gz`, import.meta.url)
writeFileSync(stored, gzipSync(readFileSync(path), { level: 9 }), { flag: 'wx' })
rmSync(folder, { recursive: true })
