/**
 * Every setting: its meaning, default and check. Nothing else in the system reads the environment.
 * Source: command line contract, the table of variables.
 */
import { z } from 'zod'
import {
  address,
  atomicUnits,
  flag,
  httpUrl,
  integer,
  key,
  origin,
  text,
  url,
} from './value-readers.ts'

/** One row of the table. `read` takes the text of a variable that is set and not empty. */
export interface Variable<T> {
  readonly meaning: string
  /** As shown to people; null: none. */
  readonly defaultText: string | null
  /** What a value may be; ends the report of a problem. */
  readonly allowed: string
  readonly read: z.ZodType<T, string>
  /** The value is never printed. */
  readonly secret?: true
}

/** How a command is spoken to: src/signers/command-signer.ts. */
const KEY = 'a path, or cmd: and a command that signs'
const CHAINS = ['mainnet', 'devnet', 'testnet', 'localnet'] as const
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export const VARIABLES = {
  HOST: {
    meaning: 'address to listen on',
    defaultText: '127.0.0.1',
    allowed: 'a host name or IP address',
    read: z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/),
  },
  PORT: {
    meaning: 'port to listen on; 0 takes a free one',
    defaultText: '4020',
    allowed: '0 to 65535',
    read: integer(0, 65_535),
  },
  PUBLIC_URL: {
    meaning: 'origin that agents sign for',
    defaultText: 'http://{HOST}:{PORT} on loopback, else required',
    allowed: 'scheme://host[:port], no path, no trailing slash, default port omitted',
    read: origin,
  },
  DATA_DIR: {
    meaning: 'folder of the SQLite files and local keys',
    defaultText: './data',
    allowed: 'a path',
    read: text,
  },
  SOLANA_RPC_URL: {
    meaning: 'RPC node of the chain that is watched',
    defaultText: null,
    allowed: 'an http or https URL',
    read: httpUrl,
    secret: true,
  },
  SOLANA_WS_URL: {
    meaning: 'WebSocket of that node; it only wakes the watcher',
    defaultText: 'derived from SOLANA_RPC_URL',
    allowed: 'a ws or wss URL',
    read: url('ws:', 'wss:'),
    secret: true,
  },
  SOLANA_CHAIN: {
    meaning: 'name of that chain, as agents sign it',
    defaultText: null,
    allowed: CHAINS.join(', '),
    read: z.enum(CHAINS),
  },
  PROGRAM_ID: {
    meaning: 'the vault program whose deposits count',
    defaultText: null,
    allowed: 'an address: 32 bytes in base58',
    read: address,
  },
  GATEWAY_ADDRESS: {
    meaning: 'this operator’s Gateway account (`level5 gateway init` prints it)',
    defaultText: null,
    allowed: 'an address: 32 bytes in base58',
    read: address,
  },
  USDC_MINT: {
    meaning: 'the USDC mint that counts',
    defaultText: 'Circle’s on mainnet and devnet, else required',
    allowed: 'an address: 32 bytes in base58',
    read: address,
  },
  OPENAI_API_KEY: {
    meaning:
      'key of the operator’s OpenAI account; without one (and without a base URL) its models are not served',
    defaultText: null,
    allowed: 'the key',
    read: text,
    secret: true,
  },
  OPENAI_BASE_URL: {
    meaning: 'as the OpenAI SDK reads it',
    defaultText: 'https://api.openai.com/v1',
    allowed: 'an http or https URL that ends in /v1',
    read: httpUrl.refine((value) => /\/v1\/?$/.test(value)),
  },
  ANTHROPIC_API_KEY: {
    meaning:
      'key of the operator’s Anthropic account; without one (and without a base URL) its models are not served',
    defaultText: null,
    allowed: 'the key',
    read: text,
    secret: true,
  },
  ANTHROPIC_BASE_URL: {
    meaning: 'as the Anthropic SDK reads it',
    defaultText: 'https://api.anthropic.com',
    allowed: 'an http or https URL that does not end in /v1',
    read: httpUrl.refine((value) => !/\/v1\/?$/.test(value)),
  },
  PUBLIC_RPC_URL: {
    meaning: 'the RPC node that agents are told',
    defaultText: null,
    allowed: 'an http or https URL',
    read: httpUrl,
  },
  MAX_BODY_MB: {
    meaning: 'largest request body, in MB of 1,048,576 bytes',
    defaultText: '32',
    allowed: '1 to 512',
    read: integer(1, 512),
  },
  PRICES_FILE: {
    meaning: 'an own price list (JSON) instead of the built-in one',
    defaultText: 'the built-in list',
    allowed: 'a path',
    read: text,
  },
  MARKUP_PERCENT: {
    meaning: 'markup on the built-in list',
    defaultText: '0',
    allowed: '0 to 1000, whole percent',
    read: integer(0, 1000),
  },
  RECEIPT_KEY: {
    meaning: 'the Gateway account’s receipt key: a key file, or `cmd:` and a command that signs',
    defaultText: null,
    allowed: KEY,
    read: key,
    secret: true,
  },
  OPERATOR_KEY: {
    meaning:
      'the Gateway’s authority: a key file, or `cmd:` and a command that signs; without it nothing is settled or synced',
    defaultText: null,
    allowed: KEY,
    read: key,
    secret: true,
  },
  REQUIRE_VOUCHERS: {
    meaning: 'admit only what a voucher of the agent covers',
    defaultText: 'true (`dev`: false)',
    allowed: 'true or false',
    read: flag,
  },
  SETTLE_MARGIN_SECONDS: {
    meaning:
      'time kept for settling before a withdrawal’s delay ends, in seconds: no call runs longer than the rest of the delay',
    defaultText: '60',
    allowed: '0 to 2592000',
    read: integer(0, 2_592_000),
  },
  MIN_SYNC: {
    meaning: 'smallest surplus worth a sync_vault, in units of USDC (1,000,000 = 1 USDC)',
    defaultText: '10000',
    allowed: 'a whole number of units',
    read: atomicUnits,
  },
  SETTLE_THRESHOLD: {
    meaning:
      'unsettled charges of an agent at which they are settled, in units of USDC; a withdrawal request is met at once',
    defaultText: '1000000',
    allowed: 'a whole number of units, at least 1',
    read: atomicUnits.refine((amount) => amount > 0n),
  },
  PRIORITY_FEE_MAX: {
    meaning: 'most that settling pays for priority, in micro-lamports per compute unit',
    defaultText: '100000',
    allowed: '0 to 100000000',
    read: integer(0, 100_000_000),
  },
  X402: {
    meaning:
      'let x402 clients top up; the operator pays the network fees, so it needs OPERATOR_KEY',
    defaultText: 'false',
    allowed: 'true or false; true only with OPERATOR_KEY',
    read: flag,
  },
  UPSTREAM_HEADERS_TIMEOUT_SECONDS: {
    meaning: 'how long a provider may take to start its answer, in seconds',
    defaultText: '600',
    allowed: '1 to 3600',
    read: integer(1, 3600),
  },
  UPSTREAM_IDLE_TIMEOUT_SECONDS: {
    meaning: 'how long a provider may pause inside its answer, in seconds',
    defaultText: '120',
    allowed: '1 to 3600',
    read: integer(1, 3600),
  },
  UPSTREAM_TOTAL_TIMEOUT_SECONDS: {
    meaning: 'how long a call may take as a whole, in seconds',
    defaultText: '1800',
    allowed: '1 to 86400',
    read: integer(1, 86_400),
  },
  ADMIN_TOKEN: {
    meaning: 'bearer token of the admin routes',
    defaultText: 'none: admin routes off',
    allowed: '16 characters or more',
    read: z.string().min(16),
    secret: true,
  },
  LOG_LEVEL: {
    meaning: 'least level that is logged',
    defaultText: 'info',
    allowed: LOG_LEVELS.join(', '),
    read: z.enum(LOG_LEVELS),
  },
} as const satisfies Record<string, Variable<unknown>>

export type VariableName = keyof typeof VARIABLES
/** The value of a variable, once read. */
export type ValueOf<Name extends VariableName> = z.output<(typeof VARIABLES)[Name]['read']>
