"""Owners' keys as the contract shows them."""

from collections.abc import Mapping

from countersign.v1 import identity_pb2, values_pb2
from countersign_server.identity.owner_key import KeyAlgorithm, OwnerKey
from countersign_server.rpc.conversion import to_timestamp

OWNER_KEY_ALGORITHMS: Mapping[KeyAlgorithm, values_pb2.OwnerKeyAlgorithm] = {
    KeyAlgorithm.ED25519: values_pb2.OWNER_KEY_ALGORITHM_ED25519,
    KeyAlgorithm.PASSKEY_ES256: values_pb2.OWNER_KEY_ALGORITHM_PASSKEY_ES256,
    KeyAlgorithm.PASSKEY_ED25519: values_pb2.OWNER_KEY_ALGORITHM_PASSKEY_ED25519,
}


def owner_key_message(key: OwnerKey) -> identity_pb2.OwnerKey:
    return identity_pb2.OwnerKey(
        owner_key_id=key.id,
        name=key.name,
        public_key=key.public_key,
        passkey=key.algorithm.is_passkey,
        create_time=to_timestamp(key.created_at),
        revoke_time=to_timestamp(key.revoked_at),
        algorithm=OWNER_KEY_ALGORITHMS[key.algorithm],
        origin=key.origin,
    )
