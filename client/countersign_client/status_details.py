"""The part of google.rpc that errors travel in.

Written out here, so that the SDK needs no second protobuf runtime.
"""

from dataclasses import dataclass

import betterproto
from betterproto.lib.google.protobuf import Any


@dataclass(eq=False, repr=False)
class Status(betterproto.Message):
    """google.rpc.Status."""

    code: int = betterproto.int32_field(1)  # a field, not a value
    message: str = betterproto.string_field(2)  # a field, not a value
    details: list[Any] = betterproto.message_field(3)  # noqa: RUF009  # a field, not a value


@dataclass(eq=False, repr=False)
class ErrorInfo(betterproto.Message):
    """google.rpc.ErrorInfo."""

    reason: str = betterproto.string_field(1)  # a field, not a value
    domain: str = betterproto.string_field(2)  # a field, not a value
    metadata: dict[str, str] = betterproto.map_field(  # noqa: RUF009  # a field, not a value
        3, betterproto.TYPE_STRING, betterproto.TYPE_STRING
    )


@dataclass(eq=False, repr=False)
class FieldViolation(betterproto.Message):
    """google.rpc.BadRequest.FieldViolation."""

    field: str = betterproto.string_field(1)  # a field, not a value
    description: str = betterproto.string_field(2)  # a field, not a value


@dataclass(eq=False, repr=False)
class BadRequest(betterproto.Message):
    """google.rpc.BadRequest."""

    field_violations: list[FieldViolation] = betterproto.message_field(1)  # noqa: RUF009  # a field, not a value
