"""The owner's own signature under an approval: checked when it is given, kept with all it needs."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import approvals_pb2
from countersign_server.approvals.approval import Approval
from countersign_server.errors import NotFound
from countersign_server.identity.owner_key import OwnerKey
from countersign_server.identity.owner_key_store import owner_key
from countersign_server.identity.owner_signatures import (
    OwnerSignature,
    approval_statement,
    flaw_in,
)
from countersign_server.owner_key_errors import OwnerKeyRevoked, OwnerSignatureInvalid


async def countersignature(
    tx: AsyncConnection, approval: Approval, given: approvals_pb2.OwnerSignature
) -> Mapping[str, str]:
    """Return what is kept of a signature that one of the owner's keys made over the intent.

    Raises NotFound, OwnerKeyRevoked, OwnerSignatureInvalid.
    """
    return await signature_over(tx, approval.owner_id, approval.intent_text or "", given)


async def signature_over(
    tx: AsyncConnection, owner_id: UUID, text: str, given: approvals_pb2.OwnerSignature
) -> Mapping[str, str]:
    """Return what is kept of a signature that one of the owner's keys made over a text.

    With the public key, so that it can be verified from the row alone. Bytes are hexadecimal.
    Raises NotFound, OwnerKeyRevoked, OwnerSignatureInvalid.
    """
    key = await _key(tx, owner_id, given.owner_key_id)
    signed = OwnerSignature(given.signature, given.authenticator_data, given.client_data_json)
    flaw = flaw_in(signed, key, approval_statement(text))
    if flaw is not None:
        raise OwnerSignatureInvalid(
            f"owner_signature: {flaw}", field="owner_signature", owner_key_id=key.id
        )
    return {
        "owner_key_id": key.id,
        "algorithm": key.algorithm,
        "origin": key.origin,
        "public_key": key.public_key.hex(),
        "signature": signed.signature.hex(),
        "authenticator_data": signed.authenticator_data.hex(),
        "client_data_json": signed.client_data_json.hex(),
    }


def owner_signature_message(
    kept: Mapping[str, str] | None,
) -> approvals_pb2.OwnerSignature | None:
    """Return a kept signature as the contract shows it; None: the owner did not sign."""
    if not kept:
        return None
    return approvals_pb2.OwnerSignature(
        owner_key_id=kept["owner_key_id"],
        signature=bytes.fromhex(kept["signature"]),
        authenticator_data=bytes.fromhex(kept["authenticator_data"]),
        client_data_json=bytes.fromhex(kept["client_data_json"]),
    )


async def _key(tx: AsyncConnection, owner_id: UUID, key_id: str) -> OwnerKey:
    key = await owner_key(tx, owner_id, key_id)
    if key is None:
        raise NotFound(f"the account's owner has no key {key_id}", owner_key_id=key_id)
    if key.revoked_at is not None:
        raise OwnerKeyRevoked(
            f"the key was revoked at {key.revoked_at.isoformat()}", owner_key_id=key_id
        )
    return key
