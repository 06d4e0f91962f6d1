"""Every way in: what a caller may prove, and the access token that comes of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.errors import CredentialsInvalid, DeviceRevoked
from countersign_server.identifiers import digest_of, new_secret
from countersign_server.identity import api_token_store, store
from countersign_server.identity.attempts import attempt_name, count_attempt, forgive_attempt
from countersign_server.identity.passwords import Passwords
from countersign_server.identity.revocations import Revocations
from countersign_server.identity.session import (
    DeviceIdentity,
    RefreshToken,
    RefreshVerdict,
    judge,
    session_name,
)
from countersign_server.identity.tokens import Tokens
from countersign_server.identity.user import User
from countersign_server.rpc.caller import Caller

# Whose secret this is: device id, SHA-256 of the secret. The devices area knows; the app wires it.
DeviceOf = Callable[[AsyncConnection, UUID, bytes], Awaitable[DeviceIdentity | None]]

_WRONG = "name or secret is wrong"


@dataclass(frozen=True, slots=True)
class Session:
    """What a caller gets who proved who they are."""

    access_token: str
    expire_time: datetime
    refresh_token: str = ""  # only after a password or a refresh token


@dataclass(frozen=True, slots=True)
class Proof:
    """A name and a password that were right when they were checked."""

    name: str  # under which the attempt was counted
    user_id: UUID
    stored: str
    better: str  # the hash to store from now on


class SignIn:
    """The ways in. Each raises CredentialsInvalid, and says no more about what was wrong."""

    def __init__(  # noqa: PLR0913 - what it stands on, each by name
        self,
        *,
        database: Database,
        tokens: Tokens,
        revocations: Revocations,
        passwords: Passwords,
        device_of: DeviceOf,
        now: Callable[[], datetime],
        refresh_lifetime: timedelta,
        attempts_per_minute: int,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._revocations = revocations
        self._passwords = passwords
        self._device_of = device_of
        self._now = now
        self._refresh_lifetime = refresh_lifetime
        self._attempts_per_minute = attempts_per_minute

    async def by_password(self, email: str, password: str, trace: Trace) -> Session:
        """Open a session. Raises TooManyAttempts, Exhausted."""
        proof = await self.prove(email, password)
        async with self._database.transaction(None) as tx:
            user = await self.proven_user(tx, proof)
            return await self.open_session(tx, user, trace, proof="password")

    async def prove(self, email: str, password: str) -> Proof:
        """Check a name and a password, outside of any transaction: it takes long.

        It takes as long where there is no such user. Raises TooManyAttempts, Exhausted.
        """
        name = attempt_name("password", email)
        async with self._database.transaction(None) as tx:
            await count_attempt(tx, name, now=self._now(), limit=self._attempts_per_minute)
            found = await store.user_by_email(tx, email)
        stored = found.password_hash if found is not None and found.may_sign_in else None
        better = await self._passwords.check(stored, password)
        if found is None or stored is None or better is None:
            raise CredentialsInvalid(_WRONG)
        return Proof(name, found.id, stored, better)

    async def proven_user(self, tx: AsyncConnection, proof: Proof) -> User:
        """Return the user, locked, if the proof still holds: nothing was changed meanwhile."""
        user = await store.user_locked(tx, proof.user_id)
        if user is None or not user.may_sign_in or user.password_hash != proof.stored:
            raise CredentialsInvalid(_WRONG)
        if proof.better != proof.stored:
            await store.set_password_hash(tx, user.id, proof.better)
        await forgive_attempt(tx, proof.name)
        return user

    async def open_session(
        self, tx: AsyncConnection, user: User, trace: Trace, *, proof: str
    ) -> Session:
        """Open a session for a user who has proved to be it, inside the transaction."""
        session_id, now = uuid4(), self._now()
        session = await self._continue(tx, user, session_id)
        await record(
            tx,
            Entry(
                kind="session.created",
                subject=session_name(session_id),
                event_time=now,
                trace=replace(trace, actor=user.subject),
                owner_id=user.id,
                after={"proof": proof},
            ),
        )
        return session

    async def by_refresh_token(self, secret: str, trace: Trace) -> Session:
        """Prolong a session. A token that comes a second time ends the session."""
        digest, now = digest_of(secret), self._now()
        async with self._database.transaction(None) as tx:
            token = await store.refresh_token(tx, digest)
            user = None if token is None else await store.user_locked(tx, token.user_id)
            # Again, under the lock: of two that hand it in at once, the second sees it used.
            token = await store.refresh_token(tx, digest)
            verdict = judge(token, now)
            if token is not None and verdict is RefreshVerdict.END_SESSION:
                await self._end(tx, token, trace, cause="refresh token used twice")
            elif token is not None and user is not None and verdict is RefreshVerdict.RENEW:
                await store.use_refresh_token(tx, digest, now)
                return await self._continue(tx, user, token.session_id)
        if token is not None and verdict is RefreshVerdict.END_SESSION:
            self._revocations.announce(token.session)
        raise CredentialsInvalid("the refresh token is not in force; sign in again")

    async def by_api_token(self, secret: str) -> Session:
        """Give an access token to a script."""
        now = self._now()
        async with self._database.transaction(None) as tx:
            token = await api_token_store.api_token_by_digest(tx, digest_of(secret))
            user = None if token is None else await store.user(tx, token.owner_id)
            if token is None or user is None or not token.holds(now) or not user.may_sign_in:
                raise CredentialsInvalid("the API token is not in force")
            await api_token_store.touch_api_token(tx, token.id, now)
        return self._issued(token.caller(user))

    async def by_device(self, device_id: UUID, secret: str) -> Session:
        """Give an access token to a device. Raises DeviceRevoked.

        Wrong secrets are not counted: nobody guesses 256 bits, and a count would let anybody who
        knows a device's id keep it from its account.
        """
        async with self._database.transaction(None) as tx:
            device = await self._device_of(tx, device_id, digest_of(secret))
            user = None if device is None else await store.user(tx, device.owner_id)
        if device is None or user is None or not user.may_sign_in:
            raise CredentialsInvalid(_WRONG)
        if device.revoked:
            raise DeviceRevoked("the device was revoked", device_id=str(device_id))
        return self._issued(device.caller())

    async def end_session(self, secret: str, trace: Trace) -> None:
        """End the session that a refresh token belongs to, whether or not it has ended."""
        digest = digest_of(secret)
        async with self._database.transaction(None) as tx:
            token = await store.refresh_token(tx, digest)
            if token is None:
                raise CredentialsInvalid("there is no session with this refresh token")
            await store.user_locked(tx, token.user_id)
            await self._end(tx, token, replace(trace, actor=f"user:{token.user_id}"), cause="asked")
        self._revocations.announce(token.session)

    async def _end(
        self, tx: AsyncConnection, token: RefreshToken, trace: Trace, *, cause: str
    ) -> None:
        now = self._now()
        if not await store.end_session(tx, token.session_id, now):
            return
        await self._revocations.revoke(tx, token.session, now)
        await record(
            tx,
            Entry(
                kind="session.ended",
                subject=token.session,
                event_time=now,
                trace=trace,
                owner_id=token.user_id,
                after={"cause": cause},
            ),
        )

    async def _continue(self, tx: AsyncConnection, user: User, session_id: UUID) -> Session:
        """Give the session its next pair of tokens."""
        secret = new_secret("csr")
        expires_at = self._now() + self._refresh_lifetime
        token = RefreshToken(session_id, user.id, expires_at, used_at=None, ended_at=None)
        await store.add_refresh_token(tx, digest_of(secret), token)
        issued = self._issued(user.caller(session=token.session))
        return Session(issued.access_token, issued.expire_time, secret)

    def _issued(self, caller: Caller) -> Session:
        access_token, expire_time = self._tokens.issue(caller)
        return Session(access_token, expire_time)
