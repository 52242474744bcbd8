/** The story from beginning to end, scene by scene, on a stack that lives as long as it. */
import { PublicKey } from '@solana/web3.js'
import { createGatewayApi } from '../../agent/gateway-api.ts'
import { createAgent } from '../../agent/index.ts'
import { toSigner } from '../../agent/key.ts'
import type { ValidatorKind } from '../../chain/validator/local-validator.ts'
import { settleOnce } from '../../main/settle-once.ts'
import { startDevStack } from '../dev/dev-stack.ts'
import { newSecretKey } from '../keygen.ts'
import { cachedScene, callScene, streamScene } from './call-scenes.ts'
import { conservationScene } from './conservation-scene.ts'
import { depositScene } from './deposit-scene.ts'
import { exitScene } from './exit-scene.ts'
import type { Narrator } from './narrator.ts'
import { parallelScene } from './parallel-scene.ts'
import { receiptsScene } from './receipts-scene.ts'
import { replayScene } from './replay-scene.ts'
import { settleScene } from './settle-scene.ts'
import type { Scene, Stage } from './stage.ts'
import { topUpScene } from './top-up-scene.ts'

const SCENES: readonly Scene[] = [
  depositScene,
  callScene,
  streamScene,
  cachedScene,
  parallelScene,
  replayScene,
  topUpScene,
  settleScene,
  receiptsScene,
  conservationScene,
  exitScene,
]

/** Short, so that the story can wait it out; a call may take what the margin leaves of it. */
const WITHDRAWAL_DELAY_SECONDS = 6
const SETTLE_MARGIN_SECONDS = 1
/** USDC: what the agent's owner lets it sign away in all. */
const VOUCHER_LIMIT = '5'

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
    const { url, gateway, program, mint, rpc_url: rpcUrl } = stack.ready
    narrator.say(`gateway ${url}, account ${gateway}, program ${program}`)
    const signer = toSigner(newSecretKey())
    const pins = { chain: 'localnet', program, gateway, mint, rpcUrl } as const
    const agent = createAgent({ key: signer, url, ...pins, vouchers: { limit: VOUCHER_LIMIT } })
    const open = createGatewayApi(url, fetch)
    const { network, rpc, standIn, ledger } = stack
    const fund = async (pubkey: string, usdc: string) => {
      await open.post('/dev/fund', { pubkey, usdc })
    }
    const stage: Stage = {
      ...{ narrator, agent, signer, ledger, rpc, rpcUrl, network, standIn, fund },
      publicKey: new PublicKey(agent.publicKey),
      settle: () => settleOnce(stack.settings, stack.ready.operator_key_file, agent.publicKey),
      stopGateway: () => stack.stopGateway(),
    }
    for (const scene of SCENES) await scene(stage)
  } finally {
    await stack.close()
  }
}

/**
 * The demo asks no real provider, whatever keys the machine has, believes no agent without a voucher, and its story is
 * not to drown in log lines.
 */
function storyEnvironment(env: Readonly<Record<string, string | undefined>>) {
  const own = Object.entries(env).filter(([name]) => !/^(OPENAI|ANTHROPIC)_/.test(name))
  const terms = {
    REQUIRE_VOUCHERS: 'true',
    SETTLE_MARGIN_SECONDS: String(SETTLE_MARGIN_SECONDS),
  }
  return { LOG_LEVEL: 'warn', ...Object.fromEntries(own), ...terms }
}
