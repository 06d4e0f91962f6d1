"""The calls about what guards judge by."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import guards_pb2 as pb, guards_pb2_grpc
from countersign_guards.policy import default_policy
from countersign_guards.policy_text import PolicyUnreadable, parse_policy, policy_text
from countersign_guards.presets import presets
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import account
from countersign_server.approvals.owner_countersignature import signature_over
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import NotFound
from countersign_server.execution.exposure_close import Sign
from countersign_server.guard_errors import PolicyChanged, PolicyInvalid
from countersign_server.guards.keeping import topics_of
from countersign_server.guards.persons_word import held_guard
from countersign_server.guards.policy_statement import policy_digest, statement
from countersign_server.guards.records import KeptPolicy
from countersign_server.guards.sql_book import SqlGuardBook
from countersign_server.guards.store import (
    add_policy,
    guards_of,
    kept_policy,
    save_guard,
)
from countersign_server.guards.telling import account_entry
from countersign_server.guards.wire import policy_message, preset_message
from countersign_server.owner_key_errors import OwnerSignatureRequired
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of


class PolicyCalls(guards_pb2_grpc.GuardServiceServicer):
    """See guards.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _sign: Sign
    _now: Callable[[], datetime]

    async def GetGuardPolicy(
        self, request: pb.GetGuardPolicyRequest, context: Context
    ) -> pb.GetGuardPolicyResponse:
        account_id = UUID(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await visible_account(tx, account_id)
            kept = (await guards_of(tx, [account_id])).get(account_id)
            policy = await kept_policy(tx, account_id, kept.policy_version) if kept else None
        return pb.GetGuardPolicyResponse(policy=_shown(found, policy))

    async def PutGuardPolicy(
        self, request: pb.PutGuardPolicyRequest, context: Context
    ) -> pb.PutGuardPolicyResponse:
        account_id, now = UUID(request.account_id), self._now()
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await visible_account(tx, account_id)
            _check(request.text, found)
            kept = await held_guard(SqlGuardBook(tx), found)
            before = await kept_policy(tx, account_id, kept.policy_version)
            if before and before.text == request.text and before.version == request.version:
                return pb.PutGuardPolicyResponse(policy=_shown(found, before))
            if request.version != kept.policy_version + 1:
                raise PolicyChanged(
                    f"version {kept.policy_version} is in force: set {kept.policy_version + 1}",
                    version=str(kept.policy_version),
                )
            after = await self._signed(tx, found, request, now)
            await add_policy(tx, after)
            changed = replace(kept, policy_version=after.version, changes=kept.changes + 1)
            # Judged by the new policy at once, whether a view comes or not.
            await save_guard(tx, replace(changed, due_at=now), now)
            await record(
                tx,
                account_entry(
                    account_id,
                    found.owner_id,
                    "guard.policy_changed",
                    {
                        "version": after.version,
                        "digest": after.digest,
                        "digest_before": before.digest if before else "",
                        "text": after.text,
                        "owner_signed": after.owner_signature is not None,
                    },
                    trace=trace_of(current_call()),
                    now=now,
                ),
            )
        self._wakeups.ring(*topics_of(found), "guards")
        return pb.PutGuardPolicyResponse(policy=_shown(found, after))

    async def ListGuardPresets(
        self, request: pb.ListGuardPresetsRequest, context: Context
    ) -> pb.ListGuardPresetsResponse:
        return pb.ListGuardPresetsResponse(presets=map(preset_message, presets().values()))

    async def _signed(
        self,
        tx: AsyncConnection,
        found: Account,
        request: pb.PutGuardPolicyRequest,
        now: datetime,
    ) -> KeptPolicy:
        digest = policy_digest(request.text)
        stated = statement(found, request.version, digest)
        owner_signature = None
        if request.HasField("owner_signature"):
            owner_signature = await signature_over(
                tx, found.owner_id, stated, request.owner_signature
            )
        elif found.owner_signature_required:
            raise OwnerSignatureRequired("the account asks for its owner's own signature")
        key_id, signature = self._sign(stated.encode())
        return KeptPolicy(
            account_id=found.id,
            version=request.version,
            owner_id=found.owner_id,
            text=request.text,
            digest=digest,
            statement=stated,
            server_signature=signature,
            server_key_id=key_id,
            owner_signature=owner_signature,
            actor=current_caller().actor,
            created_at=now,
        )


async def visible_account(tx: AsyncConnection, account_id: UUID) -> Account:
    """Return an account that the caller may see. Raises NotFound."""
    found = await account(tx, account_id)
    if found is None:
        raise NotFound(f"no account {account_id}", account_id=str(account_id))
    return found


def _check(text: str, found: Account) -> None:
    try:
        policy = parse_policy(text)
    except PolicyUnreadable as error:
        raise PolicyInvalid(str(error), field=f"text: {error.field}") from None
    if policy.currency != found.currency:
        raise PolicyInvalid(
            f"policy.currency: the account's is {found.currency}", field="text: policy.currency"
        )


def _shown(found: Account, policy: KeptPolicy | None) -> pb.GuardPolicy:
    text = policy.text if policy else policy_text(default_policy(found.currency))
    return policy_message(found, policy, text)
