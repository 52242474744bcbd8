/** What was measured, by version. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Options } from './options.ts'
import { LITELLM_VERSION } from './subjects/litellm.ts'
import { PORTKEY_VERSION } from './subjects/portkey.ts'

const PACKAGES = ['hono', '@hono/node-server', 'undici', 'better-sqlite3', 'sodium-native'] as const

export function versions({ peers, ancestor }: Options): Record<string, string> {
  return {
    level5: `${packageVersion('package.json')} (${commit('.')})`,
    ...Object.fromEntries(
      PACKAGES.map((name) => [name, packageVersion(`node_modules/${name}/package.json`)]),
    ),
    ...(peers.includes('portkey') ? { Portkey: PORTKEY_VERSION } : {}),
    ...(peers.includes('litellm') ? { LiteLLM: LITELLM_VERSION } : {}),
    ...(ancestor === null ? {} : { ancestor: commit(ancestor) }),
  }
}

function packageVersion(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

/** The commit of a checkout, with a mark where files were changed. */
function commit(checkout: string): string {
  const described = spawnSync('git', ['-C', checkout, 'describe', '--always', '--dirty'])
  return described.status === 0 ? described.stdout.toString().trim() : 'no commit known'
}
