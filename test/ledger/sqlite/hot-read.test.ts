/** What every call asks is asked of the connection that writes, and never sees more than what is committed. */
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { HotRead } from '../../../src/ledger/sqlite/hot-read.ts'
import { openedFiles } from './files.ts'

const QUERY = 'SELECT at FROM probe WHERE id = 1'
const WRITE = 'INSERT INTO probe VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at'

interface Row {
  readonly at: bigint
}

test('sees what was committed last, by this process and by others', () => {
  const files = openedFiles()
  const read = new HotRead<[], Row>(files, QUERY)
  expect(read.get()).toBeUndefined()

  files.writer.prepare(WRITE).run(1)
  expect(read.get()).toEqual({ at: 1n })

  const other = new Database(files.writer.name)
  other.prepare(WRITE).run(2)
  other.close()
  expect(read.get()).toEqual({ at: 2n })
})

test('A2: rows of a transaction that is not committed are not seen', () => {
  const files = openedFiles()
  const read = new HotRead<[], Row>(files, QUERY)
  files.writer.prepare(WRITE).run(1)

  files.writer.exec('BEGIN IMMEDIATE')
  files.writer.prepare(WRITE).run(2)
  expect(read.get()).toEqual({ at: 1n })
  files.writer.exec('ROLLBACK')
  expect(read.get()).toEqual({ at: 1n })
})

test('where the file is locked, the connection that waits is asked; other trouble is thrown', () => {
  const files = openedFiles()
  files.writer.prepare(WRITE).run(1)
  let trouble = 'SQLITE_BUSY_RECOVERY'
  const prepare = files.writer.prepare.bind(files.writer)
  files.writer.prepare = (query: string) => {
    const get = (): never => {
      throw new Database.SqliteError('the file is locked', trouble)
    }
    return Object.assign(prepare(query), { get }) as never
  }
  const read = new HotRead<[], Row>(files, QUERY)

  expect(read.get()).toEqual({ at: 1n })
  trouble = 'SQLITE_IOERR'
  expect(() => read.get()).toThrow('the file is locked')
})
