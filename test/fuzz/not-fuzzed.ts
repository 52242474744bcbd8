/** Functions that are called as parsers are and have no fuzzer, each with the reason. `file` alone: all of a file. */
export const NOT_FUZZED: Readonly<Record<string, string>> = {
  'src/agent/vault/status.ts#readVaultStatus':
    'asks through readSight and readGateway, which are fed',
  'src/cli/gateway/gateway-chain.ts#readGateway':
    'asks the node of its own operator through decodeGateway, which is fed',
  'src/request/room.ts#readRoom': 'reads the ledger, through its port',
  'src/routes/read-body.ts#readBody':
    'keeps bytes and reads none: test/hostile, test/request/pieces.test.ts',
  'watcher/settle-accounts.ts#readSettlingParties': 'asks through decodeGateway, which is fed',
  'watcher/settle-accounts.ts#readVaults':
    'asks through decodeVault and readTokenAccount, which are fed',
  'watcher/settle-sent.ts#readSent':
    'takes whatever decodeTransaction, which is fed, throws for no record',
  'src/providers/stand-in/openai-chat.ts#readChat':
    'part of dev alone: reads what the gateway’s own rules accepted',
  'src/providers/stand-in/openai-responses.ts#readResponses':
    'part of dev alone: reads what the gateway’s own rules accepted',
  'src/providers/stand-in/anthropic-messages.ts#readMessages':
    'part of dev alone: reads what the gateway’s own rules accepted',
}

/** Files that call JSON.parse or `.json()` on nothing that is foreign. */
export const OWN_JSON: Readonly<Record<string, string>> = {
  'src/ledger/sqlite/end-hold.ts': 'a column that the ledger wrote',
  'src/ledger/sqlite/rows.ts': 'columns that the ledger wrote',
  'src/ledger/sqlite/backfill.ts': 'columns that the ledger wrote',
  'src/ledger/charge-receipt.ts': 'what the ledger wrote',
  'src/main/signed-prices.ts': 'a column that the ledger wrote',
  'src/routes/receipts.ts': 'what the receipt desk delivered',
  'src/chain/program-file.ts': 'the IDL that ships with the package',
  'src/cli/package-version.ts': 'the package’s own package.json',
  'src/providers/stand-in/server.ts': 'part of dev alone',
  'src/providers/stand-in/anthropic-messages.ts': 'part of dev alone: its own text',
  'src/cli/demo/top-up-scene.ts': 'the demo’s own gateway',
  'src/cli/demo/replay-scene.ts': 'the demo’s own gateway',
  'src/cli/demo/call-scenes.ts': 'the demo’s own gateway',
  'src/agent/vouchers/vouching.ts': 'handed on to readReceipt, which is fed',
  'src/cli/call.ts': 'handed on to readAnswer, which is fed',
}
