"""What server and owner sign of a policy: whose it is, which version, and its text's digest."""

from hashlib import sha256

from countersign_server.accounts.account import Account

TITLE = "countersign.guard-policy/1"


def policy_digest(text: str) -> str:
    """Return the SHA-256 of a policy's text, hexadecimal."""
    return sha256(text.encode()).hexdigest()


def statement_head(account: Account, version: int) -> str:
    """Return all of a statement but its last line. `docs/protocol.md` has the form."""
    return (
        f"{TITLE}\n"
        f"account: {account.login}@{account.server}\n"
        f"currency: {account.currency}\n"
        f"version: {version}\n"
    )


def statement(account: Account, version: int, digest: str) -> str:
    """Return the text that is signed, ended by a line feed."""
    return f"{statement_head(account, version)}policy: {digest}\n"
