"""Runs the ancestor against a provider of one's own: ancestor-launch.py PROVIDER_ORIGIN PORT TOKEN.

Funds one agent, gives it TOKEN, and lets the server's own handler ask PROVIDER_ORIGIN: the provider's name stays in the
path, because the handler looks for it in the address.
"""

import sys

import uvicorn
from level5.proxy import database, main

provider, port, token = sys.argv[1:4]
handle = main.handle_proxy


async def handle_here(pubkey, request, url, api_key):
    return await handle(pubkey, request, url.replace("https://", f"{provider}/"), api_key)


main.handle_proxy = handle_here
database.init_db()
database.update_balance("bench", database.USDC_MINT, 10**15, "MIRROR_DEPOSIT")
connection = database.get_db_connection()
connection.execute(
    "INSERT INTO api_tokens (api_token, deposit_code, pubkey) VALUES (?, 'BENCH', 'bench')",
    (token,),
)
connection.commit()
connection.close()
uvicorn.run(main.app, host="127.0.0.1", port=int(port))
