/** Portkey's gateway from npm: no plugins, no cache, its own provider reached as a custom host. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, startPeer } from './start.ts'
import type { Site, Subject } from './subject.ts'

export const PORTKEY_VERSION = '1.15.2'
/** It asks for ranges. With @hono/node-server 1.14.4 and newer all its streams are a 500 (headers that are immutable). */
const OVERRIDES = { hono: '4.13.19', '@hono/node-server': '1.13.8', '@hono/node-ws': '1.3.1' }

/** Installs and starts it. Rejects with what npm or the gateway said. */
export async function startPortkey(site: Site): Promise<Subject> {
  const folder = join(site.folder, 'portkey')
  mkdirSync(folder)
  const dependencies = { '@portkey-ai/gateway': PORTKEY_VERSION }
  const manifest = { private: true, dependencies, overrides: OVERRIDES }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  execFileSync('npm', install, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  const entry = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js')
  const port = await freePort()
  return await startPeer(site, {
    name: 'Portkey',
    command: [process.execPath, entry, '--headless', `--port=${port}`],
    env: { NODE_ENV: 'production' },
    port,
    headers: {
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${site.providerPort}/v1`,
      authorization: 'Bearer bench',
    },
  })
}
