import { execFileSync } from 'node:child_process'

/** Tests that start the executable run `dist/`: build it first, so that it is never stale. */
export default function build(): void {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  })
}
