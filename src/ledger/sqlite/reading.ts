/** Runs a read, so that trouble with the file reaches callers as LedgerUnavailable. */
import { asThrown } from './failures.ts'

/** Async, so that a failed read is a rejection like that of any other ledger. */
export async function reading<T>(read: () => T): Promise<T> {
  try {
    return read()
  } catch (error) {
    throw asThrown(error)
  }
}
