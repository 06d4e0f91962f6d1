"""Which account is meant if none is named: the only one."""

from countersign_client.client import Client
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1


async def account_or_only(client: Client, account_id: str) -> str:
    """Return the account named, or the caller's only one. Raises Invalid if there are others."""
    if account_id:
        return account_id
    page = await client.accounts.list_accounts(v1.ListAccountsRequest(page_size=2))
    if len(page.accounts) != 1:
        why = "there are several accounts" if page.accounts else "there is no account yet"
        raise invalid_value(
            f"account must be given, for {why}; see 'countersign account list'", field="account"
        )
    return page.accounts[0].account_id
