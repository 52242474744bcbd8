/** LiteLLM's proxy from PyPI: one worker, no database; its master key is the only one, so nobody is charged. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pythonEnvironment } from './python.ts'
import { freePort, startPeer } from './start.ts'
import type { Site, Subject } from './subject.ts'

export const LITELLM_VERSION = '1.106.2'

/** Installs and starts it. Rejects with what pip or the proxy said. */
export async function startLiteLlm(site: Site): Promise<Subject> {
  const bin = pythonEnvironment(join(site.folder, 'litellm'), `litellm[proxy]==${LITELLM_VERSION}`)
  const config = join(site.folder, 'litellm.json')
  const litellm_params = {
    model: 'openai/gpt-4o-mini',
    api_base: `http://127.0.0.1:${site.providerPort}/v1`,
    api_key: 'bench',
  }
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({ model_list: [{ model_name: 'gpt-4o-mini', litellm_params }] }),
  )
  const port = await freePort()
  // It does not start without one, nor with a weak one.
  const key = `sk-${randomBytes(32).toString('hex')}`
  const flags = [
    '--config',
    config,
    '--host',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--num_workers',
    '1',
  ]
  return await startPeer(site, {
    name: 'LiteLLM',
    command: [join(bin, 'litellm'), ...flags, '--telemetry', 'False'],
    env: { LITELLM_MASTER_KEY: key, LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR' },
    port,
    headers: { authorization: `Bearer ${key}` },
  })
}
