"""Every message of the contract means the same to the server's protobuf and to the SDK's."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import betterproto
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings, strategies as st

from countersign.v1 import (
    accounts_pb2,
    affiliates_pb2,
    analytics_pb2,
    approvals_pb2,
    audit_pb2,
    charts_pb2,
    devices_pb2,
    execution_pb2,
    identity_pb2,
    notifications_pb2,
    reconciliation_pb2,
    signals_pb2,
    telegram_pb2,
    values_pb2,
    webhooks_pb2,
)
from countersign_client.wire.countersign import v1

MODULES: tuple[ModuleType, ...] = (
    accounts_pb2,
    affiliates_pb2,
    analytics_pb2,
    approvals_pb2,
    audit_pb2,
    charts_pb2,
    devices_pb2,
    execution_pb2,
    identity_pb2,
    notifications_pb2,
    reconciliation_pb2,
    signals_pb2,
    telegram_pb2,
    values_pb2,
    webhooks_pb2,
)


def descriptors() -> Iterator[Descriptor]:
    for module in MODULES:
        yield from module.DESCRIPTOR.message_types_by_name.values()


def scalar(field: FieldDescriptor) -> st.SearchStrategy[Any]:  # noqa: PLR0911  # one for each kind
    """Return values of a field, its edges among them."""
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.CPPTYPE_ENUM:
            assert field.enum_type is not None
            return st.sampled_from([value.number for value in field.enum_type.values])
        case FieldDescriptor.CPPTYPE_INT32:
            return st.integers(-(2**31), 2**31 - 1)
        case FieldDescriptor.CPPTYPE_INT64:
            return st.integers(-(2**63), 2**63 - 1)
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return st.floats(allow_nan=False)
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            return st.binary(max_size=20)
        case FieldDescriptor.CPPTYPE_STRING:
            return st.text(max_size=12)
        case _:
            raise AssertionError(f"{field.full_name}: a type that no test value is made of")


def well_known(descriptor: Descriptor) -> st.SearchStrategy[Message] | None:
    # Whole microseconds: Python's times and durations hold no more. Above zero: see the test of
    # absence.
    if descriptor.full_name == "google.protobuf.Timestamp":
        moments = st.datetimes(
            datetime(1971, 1, 1),  # noqa: DTZ001  # hypothesis wants them naive
            datetime(2200, 1, 1),  # noqa: DTZ001  # hypothesis wants them naive
        )  # hypothesis wants them naive
        return moments.map(_timestamp)
    if descriptor.full_name == "google.protobuf.Duration":
        return st.timedeltas(timedelta(microseconds=1), timedelta(days=30)).map(_duration)
    if descriptor.full_name == "google.protobuf.FieldMask":
        paths = st.lists(st.sampled_from(["name", "close_on_expiry"]), unique=True)
        return paths.map(lambda some: FieldMask(paths=some))
    return None


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def _duration(length: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(length)
    return duration


@st.composite
def messages(draw: st.DrawFn, descriptor: Descriptor, depth: int = 4) -> Message:
    known = well_known(descriptor)
    if known is not None:
        return draw(known)
    message = GetMessageClass(descriptor)()
    chosen = {one.name: draw(st.sampled_from([*one.fields])).name for one in descriptor.oneofs}
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if oneof is not None and chosen[oneof.name] != field.name:
            continue
        if oneof is None and draw(st.booleans()):
            continue
        fill(draw, message, field, depth)
    return message


def fill(draw: st.DrawFn, message: Message, field: FieldDescriptor, depth: int) -> None:
    target = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        target.update(draw(st.dictionaries(st.text(max_size=5), st.integers(0, 99), max_size=2)))
    elif field.message_type is not None and field.is_repeated:
        if depth:
            target.extend(draw(st.lists(messages(field.message_type, depth - 1), max_size=2)))
    elif field.message_type is not None:
        if depth or field.containing_oneof:
            target.CopyFrom(draw(messages(field.message_type, depth - 1 if depth else 0)))
            target.SetInParent()
    elif field.is_repeated:
        target.extend(draw(st.lists(scalar(field), max_size=3)))
    else:
        setattr(message, field.name, draw(scalar(field)))


def sdk_message(descriptor: Descriptor) -> betterproto.Message:
    return getattr(v1, descriptor.name)()


@pytest.mark.parametrize("descriptor", [*descriptors()], ids=lambda one: one.name)
@given(data=st.data())
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_message_survives_the_way_through_the_sdk(
    descriptor: Descriptor, data: st.DataObject
) -> None:
    original = data.draw(messages(descriptor))

    read = sdk_message(descriptor).parse(original.SerializeToString())
    returned = GetMessageClass(descriptor).FromString(bytes(read))

    assert returned == original


def test_the_sdk_knows_every_message_and_every_enum_value() -> None:
    for module in MODULES:
        for name in module.DESCRIPTOR.message_types_by_name:
            assert issubclass(getattr(v1, name), betterproto.Message)
        for name, enum in module.DESCRIPTOR.enum_types_by_name.items():
            known = {value.value for value in getattr(v1, name)}
            assert known == {value.number for value in enum.values}


def test_a_time_that_is_absent_stays_absent() -> None:
    read = v1.Account().parse(accounts_pb2.Account(name="Main").SerializeToString())
    assert not accounts_pb2.Account.FromString(bytes(read)).HasField("create_time")


def test_a_duration_of_zero_is_absent_to_the_sdk() -> None:
    # The generated classes cannot tell the two apart. No field of the contract gives zero a meaning
    # of its own.
    zero = accounts_pb2.SubscriptionLimits(max_signal_age=Duration())
    read = v1.SubscriptionLimits().parse(zero.SerializeToString())
    assert not accounts_pb2.SubscriptionLimits.FromString(bytes(read)).HasField("max_signal_age")


def test_a_ticket_of_64_bits_is_exact() -> None:
    assert struct.calcsize("q") == 8
    deal = execution_pb2.Deal(ticket=2**63 - 1)
    assert v1.Deal().parse(deal.SerializeToString()).ticket == 2**63 - 1


def test_times_are_aware_and_to_the_microsecond() -> None:
    moment = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
    signal = signals_pb2.Signal(expire_time=_timestamp(moment.replace(tzinfo=None)))
    assert v1.Signal().parse(signal.SerializeToString()).expire_time == moment
