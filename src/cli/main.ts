#!/usr/bin/env node
/** The executable: parses, runs one command, turns what went wrong into an exit code. */
import { buildProgram } from './program.ts'
import { reportFailure } from './report-failure.ts'

// Whoever reads may stop reading: `level5 prices | head` is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const json = process.argv.includes('--json')
try {
  await buildProgram().parseAsync()
} catch (error) {
  process.exitCode = reportFailure(error, json)
}
