"""Users and tokens as the contract shows them."""

from collections.abc import Mapping

from countersign.v1 import identity_pb2
from countersign_server.identity.api_token import ApiToken
from countersign_server.identity.sign_in import Session
from countersign_server.identity.user import User
from countersign_server.rpc.caller import Caller, Role
from countersign_server.rpc.conversion import optional_id, to_timestamp

ROLES: Mapping[Role, identity_pb2.Role] = {
    Role.OWNER: identity_pb2.ROLE_OWNER,
    Role.OPERATOR: identity_pb2.ROLE_OPERATOR,
    Role.PRODUCER: identity_pb2.ROLE_PRODUCER,
    Role.DEVICE: identity_pb2.ROLE_DEVICE,
}


def role_named(value: identity_pb2.Role) -> Role:
    """Return the role of the contract's number, which the contract's rules have checked."""
    return next(role for role, number in ROLES.items() if number == value)


def user_message(user: User) -> identity_pb2.User:
    return identity_pb2.User(
        user_id=str(user.id),
        email=user.email,
        display_name=user.display_name,
        role=ROLES[user.role],
        create_time=to_timestamp(user.created_at),
        disabled=user.disabled_at is not None,
        active=user.password_hash is not None,
    )


def me_message(caller: Caller, user: User) -> identity_pb2.GetMeResponse:
    return identity_pb2.GetMeResponse(
        role=ROLES[caller.role],
        user=user_message(user),
        producer_id=str(caller.id) if caller.role is Role.PRODUCER else "",
        device_id=str(caller.id) if caller.role is Role.DEVICE else "",
        account_id=optional_id(caller.account_id),
    )


def session_message(session: Session) -> identity_pb2.CreateSessionResponse:
    return identity_pb2.CreateSessionResponse(
        access_token=session.access_token,
        expire_time=to_timestamp(session.expire_time),
        refresh_token=session.refresh_token,
    )


def api_token_message(token: ApiToken) -> identity_pb2.ApiToken:
    return identity_pb2.ApiToken(
        token_id=str(token.id),
        name=token.name,
        producer_id=optional_id(token.producer_id),
        create_time=to_timestamp(token.created_at),
        expire_time=to_timestamp(token.expires_at),
        last_used_time=to_timestamp(token.last_used_at),
        revoke_time=to_timestamp(token.revoked_at),
    )
