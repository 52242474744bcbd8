/** What was measured, by version. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { LITELLM_VERSION } from './subjects/litellm.ts'
import { PORTKEY_VERSION } from './subjects/portkey.ts'

const OF_THE_FLOOR = ['hono', '@hono/node-server', 'undici', 'better-sqlite3'] as const

export function versions(): Record<string, string> {
  const floor = OF_THE_FLOOR.map((name) => [
    name,
    packageVersion(`node_modules/${name}/package.json`),
  ])
  return {
    level5: `${packageVersion('package.json')} (${commit()})`,
    ...(Object.fromEntries(floor) as Record<string, string>),
    Portkey: PORTKEY_VERSION,
    LiteLLM: LITELLM_VERSION,
  }
}

function packageVersion(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

function commit(): string {
  const { stdout, status } = spawnSync('git', ['describe', '--always', '--dirty'], {
    encoding: 'utf8',
  })
  return status === 0 ? stdout.trim() : 'no commit'
}
