/** The command line as a whole: every command, one file each. Source: command line contract. */
import { Command } from 'commander'
import { addBalance } from './balance.ts'
import { addCall } from './call.ts'
import { addConformance } from './conformance.ts'
import { addDemo } from './demo.ts'
import { addDeposit } from './deposit.ts'
import { addDev } from './dev.ts'
import { addExit } from './exit.ts'
import { addFund } from './fund.ts'
import { addGateway } from './gateway.ts'
import { addKeygen } from './keygen.ts'
import { packageVersion } from './package-version.ts'
import { addPrices } from './prices.ts'
import { addQuote } from './quote.ts'
import { addReceipts } from './receipts.ts'
import { addServe } from './serve.ts'
import { addSettle } from './settle.ts'
import { addTransactions } from './transactions.ts'
import { addVault } from './vault.ts'
import { addVerify } from './verify.ts'
import { addWatch } from './watch.ts'
import { addWithdraw } from './withdraw.ts'

/** Builds the parser. It throws instead of exiting, so that the caller chooses the exit code. */
export function buildProgram(): Command {
  const program = new Command('level5')
    .description('The prepaid gateway through which AI agents buy inference with their own money.')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(add --help for what is allowed)')
    .addHelpText('after', EXIT_CODES)
  addDev(program)
  addDemo(program)
  addServe(program)
  addWatch(program)
  addGateway(program)
  addSettle(program)
  addKeygen(program)
  addFund(program)
  addDeposit(program)
  addBalance(program)
  addPrices(program)
  addQuote(program)
  addCall(program)
  addTransactions(program)
  addReceipts(program)
  addVerify(program)
  addVault(program)
  addWithdraw(program)
  addExit(program)
  addConformance(program)
  return program
}

const EXIT_CODES = '\nExit codes: 0 success, 1 failure, 2 wrong usage.'
