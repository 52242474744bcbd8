/**
 * The Python ancestor of this design, from a checkout of chris-gilbert/Level5: its own server on its own SQLite file, with an
 * agent that is funded beforehand. The addresses of its providers are constants of its code: `ancestor-launch.py` hands its
 * handler the bench's provider instead, over plain HTTP, which spares it TLS. Its mirror finds no chain and stays idle.
 */
import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pythonEnvironment } from './python.ts'
import { freePort, startPeer } from './start.ts'
import type { Site, Subject } from './subject.ts'

const LAUNCH = fileURLToPath(new URL('ancestor-launch.py', import.meta.url))
const NO_CHAIN = 'http://127.0.0.1:9'

/** Installs and starts it. Rejects with what pip or the server said. */
export async function startAncestor(site: Site, checkout: string): Promise<Subject> {
  const bin = pythonEnvironment(join(site.folder, 'ancestor'), resolve(checkout))
  const provider = `http://127.0.0.1:${site.providerPort}`
  const token = randomUUID()
  const port = await freePort()
  return await startPeer(site, {
    name: 'ancestor',
    command: [join(bin, 'python'), LAUNCH, provider, `${port}`, token],
    env: { OPENAI_API_KEY: 'bench', HELIUS_RPC_URL: NO_CHAIN, HELIUS_WS_URL: NO_CHAIN },
    port,
    path: `/proxy/${token}/v1/chat/completions`,
    headers: {},
  })
}
