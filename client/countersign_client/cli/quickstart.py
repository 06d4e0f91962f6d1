"""The script a new producer can run at once."""

from string import Template

_SCRIPT = Template('''\
"""Hands one signal in to Countersign. Needs: pip install countersign-client"""

import asyncio
from uuid import uuid4

from countersign_client import Client, Side, Signer, open_position

ADDRESS = $address
TOKEN = $token  # keep it secret
SIGNER = Signer.from_secret($key_id, $secret)  # keep it secret


async def main() -> None:
    signal = open_position(
        f"quickstart-{uuid4()}", "EURUSD", Side.BUY,
        price="1.0845", stop_loss="1.0801", take_profit=None, version="1",
    )
    async with Client(ADDRESS, token=TOKEN, signer=SIGNER) as client:
        accepted = await client.submit(signal)
    print(f"stored as {accepted.signal_id}, to be approved before {accepted.expire_time}")


asyncio.run(main())
''')


def quickstart(*, address: str, token: str, key_id: str, secret: str) -> str:
    """Return a Python script that signs and hands in one signal."""
    return _SCRIPT.substitute(
        address=repr(address), token=repr(token), key_id=repr(key_id), secret=repr(secret)
    )
