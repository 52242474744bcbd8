/** Which provider's format a model is called in. */
import type { Agent } from '../../agent/index.ts'
import { Level5Error } from '../../agent/level5-error.ts'

/** Asks the price list; throws `model_not_found`. */
export async function modelProvider(agent: Agent, model: string): Promise<string> {
  const { models } = await agent.prices()
  const provider = Object.hasOwn(models, model) ? models[model]?.provider : undefined
  if (provider === undefined) {
    throw new Level5Error('model_not_found', `no model ${model} here; \`level5 prices\` lists them`)
  }
  return provider
}
