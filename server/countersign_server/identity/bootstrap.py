"""The first operator, whom nobody could invite."""

from datetime import datetime

from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.errors import EmailTaken, Invalid
from countersign_server.identifiers import uuid7
from countersign_server.identity import store
from countersign_server.identity.names import printable
from countersign_server.identity.passwords import LENGTH_MAX, LENGTH_MIN, argon2id
from countersign_server.identity.user import User
from countersign_server.rpc.caller import Role

_EMAIL_LENGTH_MAX = 254


async def create_operator(
    database: Database, *, email: str, password: str, display_name: str, now: datetime
) -> User:
    """Make an operator who can sign in at once. For whoever has the database's own credentials.

    Raises Invalid, EmailTaken.
    """
    if "@" not in email or len(email) > _EMAIL_LENGTH_MAX:
        raise Invalid("email must be an address such as ann@example.com", field="email")
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise Invalid(
            f"password must have {LENGTH_MIN} to {LENGTH_MAX} characters", field="password"
        )
    user = User(
        id=uuid7(now),
        email=printable(email, field="email"),
        display_name=printable(display_name, field="display_name"),
        role=Role.OPERATOR,
        password_hash=argon2id().hash(password),
        created_at=now,
        disabled_at=None,
    )
    async with database.transaction(None) as tx:
        if not await store.add_user(tx, user):
            raise EmailTaken(f"there is a user with the e-mail {user.email}")
        await record(
            tx,
            Entry(
                kind="user.created",
                subject=user.subject,
                event_time=now,
                trace=Trace("system:bootstrap"),
                owner_id=user.id,
                after={"email": user.email, "role": user.role.value},
            ),
        )
    return user
