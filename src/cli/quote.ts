/** `level5 quote`: what a call would cost at worst, without making it. */
import type { Command } from 'commander'
import { formatUsdc } from '../money.ts'
import { callBody, DEFAULT_MAX_TOKENS, TOKENS_MAX } from './call/call-body.ts'
import { modelProvider } from './call/model-provider.ts'
import { type AgentFlags, agentOf, wholeNumber, withAgent } from './options.ts'
import { columns, createOutput } from './output.ts'

interface Flags extends AgentFlags {
  readonly maxTokens: number
}

export function addQuote(program: Command): void {
  withAgent(program.command('quote'))
    .description('show what a call would cost; charges nothing')
    .argument('<model>', 'a model of `level5 prices`')
    .argument('<prompt>', 'what you would say to it')
    .option('--max-tokens <n>', 'cap of the answer', wholeNumber(1, TOKENS_MAX), DEFAULT_MAX_TOKENS)
    .action(async (model: string, prompt: string, flags: Flags) => {
      const agent = await agentOf(flags)
      const provider = await modelProvider(agent, model)
      const quote = await agent.quote(
        callBody(provider, { model, prompt, maxTokens: flags.maxTokens, stream: false }),
      )
      const text = columns([
        ['worst case', `${formatUsdc(BigInt(quote.worst_case))} USDC`],
        ['expected', `${formatUsdc(BigInt(quote.expected))} USDC`],
        ['affordable', quote.affordable ? 'yes' : 'no'],
        ['affordable max tokens', String(quote.affordable_max_tokens)],
      ])
      createOutput(flags.json ?? false).result(quote, text)
    })
}
