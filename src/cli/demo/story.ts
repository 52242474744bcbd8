/** The story from beginning to end, scene by scene, on a stack that lives as long as it. */
import { createGatewayApi } from '../../agent/gateway-api.ts'
import { createAgent } from '../../agent/index.ts'
import { toSigner } from '../../agent/key.ts'
import type { ValidatorKind } from '../../chain/validator/local-validator.ts'
import { startDevStack } from '../dev/dev-stack.ts'
import { newSecretKey } from '../keygen.ts'
import { cachedScene, callScene, streamScene } from './call-scenes.ts'
import { conservationScene } from './conservation-scene.ts'
import { depositScene } from './deposit-scene.ts'
import type { Narrator } from './narrator.ts'
import { parallelScene } from './parallel-scene.ts'
import { replayScene } from './replay-scene.ts'
import type { Scene } from './stage.ts'
import { topUpScene } from './top-up-scene.ts'

const SCENES: readonly Scene[] = [
  depositScene,
  callScene,
  streamScene,
  cachedScene,
  parallelScene,
  replayScene,
  topUpScene,
  conservationScene,
]

const WITHDRAWAL_DELAY_SECONDS = 900

/** Tells all scenes. Throws where the story cannot go on; a figure that differs is kept by the narrator. */
export async function tellStory(narrator: Narrator, validator: ValidatorKind): Promise<void> {
  narrator.scene(
    'Starting: validator, vault program, USDC mint, stand-in providers, gateway, watcher',
  )
  const stack = await startDevStack({
    port: 0,
    dataDir: null,
    withdrawalDelaySeconds: WITHDRAWAL_DELAY_SECONDS,
    validator,
    env: storyEnvironment(process.env),
  })
  try {
    const { url, gateway, program, mint } = stack.ready
    narrator.say(`gateway ${url}, account ${gateway}, program ${program}`)
    const signer = toSigner(newSecretKey())
    const agent = createAgent({ key: signer, url, chain: 'localnet', program, gateway, mint })
    const open = createGatewayApi(url, fetch)
    const { network, rpc, standIn, ledger } = stack
    const fund = async (pubkey: string, usdc: string) => {
      await open.post('/dev/fund', { pubkey, usdc })
    }
    const stage = { narrator, agent, signer, ledger, rpc, network, standIn, fund }
    for (const scene of SCENES) await scene(stage)
  } finally {
    await stack.close()
  }
}

/** The demo asks no real provider, whatever keys the machine has, and its story is not to drown in log lines. */
function storyEnvironment(env: Readonly<Record<string, string | undefined>>) {
  const own = Object.entries(env).filter(([name]) => !/^(OPENAI|ANTHROPIC)_/.test(name))
  return { LOG_LEVEL: 'warn', ...Object.fromEntries(own) }
}
