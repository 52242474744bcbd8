/** The settings of a `dev` stack: what the machine's environment says, and what the local chain makes of it. Pure. */

export interface DevFacts {
  readonly origin: string
  readonly port: number
  readonly dataDir: string
  readonly rpcUrl: string
  readonly wsUrl: string
  readonly program: string
  readonly gateway: string
  readonly mint: string
  readonly receiptKeyFile: string
  readonly operatorKeyFile: string
  readonly adminToken: string
  /** The stand-in provider's URL, without `/v1`. */
  readonly standInUrl: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Lays the stack's own values over the environment: only the local chain counts, only this machine may call. */
export function devEnvironment(env: Environment, facts: DevFacts): Environment {
  return {
    ...env,
    HOST: '127.0.0.1',
    PORT: String(facts.port),
    PUBLIC_URL: facts.origin,
    DATA_DIR: facts.dataDir,
    SOLANA_CHAIN: 'localnet',
    SOLANA_RPC_URL: facts.rpcUrl,
    SOLANA_WS_URL: facts.wsUrl,
    PUBLIC_RPC_URL: facts.rpcUrl,
    PROGRAM_ID: facts.program,
    GATEWAY_ADDRESS: facts.gateway,
    USDC_MINT: facts.mint,
    RECEIPT_KEY: facts.receiptKeyFile,
    OPERATOR_KEY: facts.operatorKeyFile,
    ADMIN_TOKEN: facts.adminToken,
    REQUIRE_VOUCHERS: env['REQUIRE_VOUCHERS'] || 'false',
    X402: 'true',
    ...standIns(env, facts.standInUrl),
  }
}

/** A stand-in for each provider that has neither key nor base URL. */
function standIns(env: Environment, url: string): Environment {
  const missing = (name: string) => !env[`${name}_API_KEY`] && !env[`${name}_BASE_URL`]
  return {
    ...(missing('OPENAI') ? { OPENAI_API_KEY: 'stand-in', OPENAI_BASE_URL: `${url}/v1` } : {}),
    ...(missing('ANTHROPIC') ? { ANTHROPIC_API_KEY: 'stand-in', ANTHROPIC_BASE_URL: url } : {}),
  }
}
