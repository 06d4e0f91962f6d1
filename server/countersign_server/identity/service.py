"""Where people sign in, and what they do with their own sign-ins."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import identity_pb2
from countersign_server.audit.entries import Entry, Facts, Trace
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import (
    CountersignError,
    CredentialsInvalid,
    EmailTaken,
    KeysExhausted,
    NotFound,
    RequestRepeated,
)
from countersign_server.identifiers import digest_of, new_secret, uuid7
from countersign_server.identity import api_token_store, store
from countersign_server.identity.api_token import IN_FORCE_MAX, ApiToken
from countersign_server.identity.keyring import Keyring
from countersign_server.identity.measures import sign_ins_total
from countersign_server.identity.names import printable
from countersign_server.identity.owner_key_calls import OwnerKeyCalls
from countersign_server.identity.passwords import Passwords
from countersign_server.identity.revocations import Revocations
from countersign_server.identity.session import session_id_of, session_name
from countersign_server.identity.sign_in import Session, SignIn
from countersign_server.identity.user import User
from countersign_server.identity.wire import (
    api_token_message,
    me_message,
    role_named,
    session_message,
    user_message,
)
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, next_token, page_size

# Whose producer it is; None: there is none. The accounts area knows; the app wires it.
ProducerOwner = Callable[[AsyncConnection, UUID], Awaitable[UUID | None]]
# Records who brought a user. The affiliates area knows; the app wires it. Raises CountersignError.
Refer = Callable[[AsyncConnection, UUID, str, Trace], Awaitable[object]]

_API_TOKEN_LIFETIME_DAYS = 90


class IdentityService(OwnerKeyCalls):
    """See identity.proto for the contract."""

    def __init__(  # noqa: PLR0913 - what it stands on, each by name
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        keyring: Keyring,
        revocations: Revocations,
        passwords: Passwords,
        sign_in: SignIn,
        producer_owner: ProducerOwner,
        refer: Refer,
        invitation_lifetime: timedelta,
        passkey_origin: str,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._keyring = keyring
        self._revocations = revocations
        self._passwords = passwords
        self._sign_in = sign_in
        self._producer_owner = producer_owner
        self._refer = refer
        self._invitation_lifetime = invitation_lifetime
        self._passkey_origin = passkey_origin
        self._now = now

    async def CreateSession(
        self, request: identity_pb2.CreateSessionRequest, context: Context
    ) -> identity_pb2.CreateSessionResponse:
        proof = request.WhichOneof("proof") or ""
        try:
            session = await self._session_for(request, trace_of(current_call()))
        except CountersignError as refusal:
            sign_ins_total.labels(proof, refusal.reason).inc()
            raise
        sign_ins_total.labels(proof, "OK").inc()
        self._wakeups.ring("audit")
        return session_message(session)

    async def EndSession(
        self, request: identity_pb2.EndSessionRequest, context: Context
    ) -> identity_pb2.EndSessionResponse:
        await self._sign_in.end_session(request.refresh_token, trace_of(current_call()))
        self._wakeups.ring("audit")
        return identity_pb2.EndSessionResponse()

    async def GetMe(
        self, request: identity_pb2.GetMeRequest, context: Context
    ) -> identity_pb2.GetMeResponse:
        caller = current_caller()
        async with self._database.transaction(caller.tenant) as tx:
            user = await store.user(tx, caller.owner_id)
        if user is None:
            raise NotFound("the user is gone", user_id=str(caller.owner_id))
        return me_message(caller, user)

    async def CreateUser(
        self, request: identity_pb2.CreateUserRequest, context: Context
    ) -> identity_pb2.CreateUserResponse:
        now, secret = self._now(), new_secret("csi")
        user = User(
            id=uuid7(now),
            email=request.email,
            display_name=printable(request.display_name, field="display_name"),
            role=role_named(request.role),
            password_hash=None,
            created_at=now,
            disabled_at=None,
        )
        async with self._database.transaction(None) as tx:
            if not await store.add_user(tx, user):
                raise EmailTaken(f"there is a user with the e-mail {user.email}")
            expires_at = now + self._invitation_lifetime
            await store.add_invitation(tx, digest_of(secret), user.id, expires_at)
            await record(tx, _entry("user.created", user, now, after=_facts(user)))
        self._wakeups.ring("audit")
        return identity_pb2.CreateUserResponse(user=user_message(user), invitation_token=secret)

    async def AcceptInvitation(
        self, request: identity_pb2.AcceptInvitationRequest, context: Context
    ) -> identity_pb2.AcceptInvitationResponse:
        digest = digest_of(request.invitation_token)
        referral_code = printable(request.referral_code, field="referral_code")
        # Looked up before, so that a hash is computed only for those who hold an invitation.
        async with self._database.transaction(None) as tx:
            await self._invited(tx, digest)
        password_hash = await self._passwords.hash(request.password)
        async with self._database.transaction(None) as tx:
            user = await self._invited(tx, digest)
            now = self._now()
            await store.use_invitation(tx, digest, now)
            await store.activate(
                tx, user.id, password_hash=password_hash, referral_code=referral_code
            )
            user = replace(user, password_hash=password_hash, referral_code=referral_code)
            trace = replace(trace_of(current_call()), actor=user.subject)
            if referral_code:
                await self._refer(tx, user.id, referral_code, trace)
            session = await self._sign_in.open_session(tx, user, trace, proof="invitation")
            entry = _entry("invitation.accepted", user, now, after=_facts(user))
            await record(tx, replace(entry, trace=trace))
        self._wakeups.ring("audit")
        return identity_pb2.AcceptInvitationResponse(
            user=user_message(user), session=session_message(session)
        )

    async def ListUsers(
        self, request: identity_pb2.ListUsersRequest, context: Context
    ) -> identity_pb2.ListUsersResponse:
        size = page_size(request.page_size)
        async with self._database.transaction(None) as tx:
            rows = await store.list_users(tx, before=id_position(request), limit=size + 1)
        page = rows[:size]
        return identity_pb2.ListUsersResponse(
            users=[user_message(user) for user in page],
            next_page_token=next_token(request, rows, size, [page[-1].id]) if page else "",
        )

    async def DisableUser(
        self, request: identity_pb2.DisableUserRequest, context: Context
    ) -> identity_pb2.DisableUserResponse:
        user_id = UUID(request.user_id)
        async with self._database.transaction(None) as tx:
            user = await store.user_locked(tx, user_id)
            if user is None:
                raise NotFound(f"there is no user {user_id}", user_id=str(user_id))
            if user.disabled_at is None:
                now = self._now()
                await store.disable(tx, user_id, now)
                # Everybody's tokens name the user they belong to: devices' and producers' too.
                await self._revocations.revoke(tx, user.subject, now)
                before, user = user, replace(user, disabled_at=now)
                entry = _entry(
                    "user.disabled", user, now, before=_facts(before), after=_facts(user)
                )
                await record(tx, entry)
        self._revocations.announce(user.subject)
        self._wakeups.ring("audit")
        return identity_pb2.DisableUserResponse(user=user_message(user))

    async def ChangePassword(
        self, request: identity_pb2.ChangePasswordRequest, context: Context
    ) -> identity_pb2.ChangePasswordResponse:
        caller = current_caller()
        async with self._database.transaction(caller.tenant) as tx:
            user = await store.user(tx, caller.owner_id)
        if user is None:
            raise NotFound("the user is gone", user_id=str(caller.owner_id))
        proof = await self._sign_in.prove(user.email, request.old_password)
        password_hash = await self._passwords.hash(request.new_password)
        async with self._database.transaction(None) as tx:
            user = await self._sign_in.proven_user(tx, proof)
            now = self._now()
            await store.set_password_hash(tx, user.id, password_hash)
            ended = await store.end_sessions(tx, user.id, now, but=session_id_of(caller))
            subjects = [session_name(session_id) for session_id in ended]
            for subject in subjects:
                await self._revocations.revoke(tx, subject, now)
            await record(
                tx, _entry("password.changed", user, now, after={"ended_sessions": subjects})
            )
        self._revocations.announce(*subjects)
        self._wakeups.ring("audit")
        return identity_pb2.ChangePasswordResponse()

    async def CreateApiToken(
        self, request: identity_pb2.CreateApiTokenRequest, context: Context
    ) -> identity_pb2.CreateApiTokenResponse:
        caller, now, secret = current_caller(), self._now(), new_secret("cst")
        days = request.lifetime_days or _API_TOKEN_LIFETIME_DAYS
        token = ApiToken(
            id=uuid7(now),
            owner_id=caller.owner_id,
            producer_id=uuid_or_none(request.producer_id),
            name=printable(request.name, field="name"),
            created_at=now,
            expires_at=now + timedelta(days=days),
            last_used_at=None,
            revoked_at=None,
        )
        async with self._database.transaction(caller.tenant) as tx:
            await self._check_room(tx, token)
            if not await api_token_store.add_api_token(
                tx, token, digest=digest_of(secret), request_id=UUID(request.request_id)
            ):
                raise RequestRepeated(
                    "a token was made with this request_id", request_id=request.request_id
                )
            await record(tx, _token_entry("api_token.created", token, now))
        self._wakeups.ring("audit")
        return identity_pb2.CreateApiTokenResponse(token=api_token_message(token), secret=secret)

    async def ListApiTokens(
        self, request: identity_pb2.ListApiTokensRequest, context: Context
    ) -> identity_pb2.ListApiTokensResponse:
        caller, size = current_caller(), page_size(request.page_size)
        async with self._database.transaction(caller.tenant) as tx:
            rows = await api_token_store.list_api_tokens(
                tx, caller.owner_id, before=id_position(request), limit=size + 1
            )
        page = rows[:size]
        return identity_pb2.ListApiTokensResponse(
            tokens=[api_token_message(token) for token in page],
            next_page_token=next_token(request, rows, size, [page[-1].id]) if page else "",
        )

    async def RevokeApiToken(
        self, request: identity_pb2.RevokeApiTokenRequest, context: Context
    ) -> identity_pb2.RevokeApiTokenResponse:
        caller, token_id = current_caller(), UUID(request.token_id)
        async with self._database.transaction(caller.tenant) as tx:
            token = await api_token_store.api_token_locked(tx, token_id, caller.owner_id)
            if token is None:
                raise NotFound(f"there is no API token {token_id}", token_id=str(token_id))
            if token.revoked_at is None:
                now = self._now()
                await api_token_store.revoke_api_token(tx, token_id, now)
                await self._revocations.revoke(tx, token.session, now)
                token = replace(token, revoked_at=now)
                await record(tx, _token_entry("api_token.revoked", token, now))
        self._revocations.announce(token.session)
        self._wakeups.ring("audit")
        return identity_pb2.RevokeApiTokenResponse(token=api_token_message(token))

    async def GetJwks(self, request: identity_pb2.GetJwksRequest, context: Context) -> HttpBody:
        body = json.dumps(self._keyring.jwks(), separators=(",", ":")).encode()
        return HttpBody(content_type="application/json", data=body)

    async def RotateSigningKey(
        self, request: identity_pb2.RotateSigningKeyRequest, context: Context
    ) -> identity_pb2.RotateSigningKeyResponse:
        async with self._database.transaction(None) as tx:
            key = await self._keyring.rotate_token_key(tx, self._now())
            await record(
                tx,
                Entry(
                    kind="signing_key.rotated",
                    subject=f"signing_key:{key.id}",
                    event_time=key.created_at,
                    trace=trace_of(current_call()),
                    after={"sign_after": key.sign_after, "public_key": key.public_key},
                ),
            )
        await self._keyring.announce()
        self._wakeups.ring("audit")
        return identity_pb2.RotateSigningKeyResponse(key_id=key.id)

    async def _session_for(
        self, request: identity_pb2.CreateSessionRequest, trace: Trace
    ) -> Session:
        match request.WhichOneof("proof"):
            case "password":
                return await self._sign_in.by_password(
                    request.password.email, request.password.password, trace
                )
            case "refresh_token":
                return await self._sign_in.by_refresh_token(request.refresh_token, trace)
            case "api_token":
                return await self._sign_in.by_api_token(request.api_token)
            case "device":
                device = request.device
                return await self._sign_in.by_device(UUID(device.device_id), device.secret)
            case _:
                raise CredentialsInvalid("nothing was given that proves who is asking")

    async def _invited(self, tx: AsyncConnection, digest: bytes) -> User:
        invitation = await store.invitation(tx, digest)
        user = None if invitation is None else await store.user_locked(tx, invitation.user_id)
        # Again, under the lock: of two that accept at once, the second sees it used.
        invitation = await store.invitation(tx, digest)
        if (
            invitation is None
            or user is None
            or user.disabled_at is not None
            or not invitation.is_open(self._now())
        ):
            raise CredentialsInvalid("the invitation was used, has expired, or never was")
        return user

    async def _check_room(self, tx: AsyncConnection, token: ApiToken) -> None:
        """Raise NotFound for a producer of somebody else, KeysExhausted if there are too many."""
        # The lock makes two that ask at once count one after the other.
        await store.user_locked(tx, token.owner_id)
        if token.producer_id is not None:
            owner_id = await self._producer_owner(tx, token.producer_id)
            if owner_id != token.owner_id:
                raise NotFound(
                    f"there is no producer {token.producer_id}", producer_id=str(token.producer_id)
                )
        in_force = await api_token_store.count_api_tokens(tx, token.owner_id, token.created_at)
        if in_force >= IN_FORCE_MAX:
            raise KeysExhausted(f"{IN_FORCE_MAX} API tokens are in force; revoke one first")


def _entry(
    kind: str,
    user: User,
    now: datetime,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
) -> Entry:
    return Entry(
        kind=kind,
        subject=user.subject,
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=user.id,
        before=before,
        after=after,
    )


def _facts(user: User) -> Facts:
    return {
        "email": user.email,
        "display_name": user.display_name,
        "role": user.role.value,
        "disabled_at": user.disabled_at,
        "referral_code": user.referral_code,
    }


def _token_entry(kind: str, token: ApiToken, now: datetime) -> Entry:
    return Entry(
        kind=kind,
        subject=token.session,
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=token.owner_id,
        after={
            "name": token.name,
            "producer_id": token.producer_id,
            "expires_at": token.expires_at,
            "revoked_at": token.revoked_at,
        },
    )
