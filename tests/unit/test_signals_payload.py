"""Reading the bytes that were signed: what is wrong is said in our own words."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from countersign.v1 import signals_pb2
from countersign_server.errors import CountersignError, PayloadUnreadable, UnknownField
from countersign_server.signals.payload import read_signal

JSON = signals_pb2.PAYLOAD_FORMAT_JSON


@pytest.mark.parametrize(
    ("payload", "kind", "words"),
    [
        (b"\xff", PayloadUnreadable, "payload is not UTF-8"),
        (b"nul", PayloadUnreadable, "payload is not JSON"),
        (b"", PayloadUnreadable, "payload is not JSON"),
        (b'{"open":' * 2000, PayloadUnreadable, "payload is not JSON"),
        (b'{"externalId": NaN}', PayloadUnreadable, "payload is not JSON"),
        (b"[1]", PayloadUnreadable, "payload is not a JSON object"),
        (b'{"side": "x", "side": "x"}', PayloadUnreadable, "payload gives side twice"),
        (b'{"stopp": "1"}', UnknownField, "payload has an unknown field stopp"),
        (b'{"a\\u0000\\n": 1}', UnknownField, "payload has an unknown field a??"),
        (b'{"open": {"stop": {"x": 1}}}', UnknownField, "payload has an unknown field open.stop.x"),
        (
            b'{"externalId": 1}',
            PayloadUnreadable,
            "payload holds in externalId what that field does not take",
        ),
        (
            b'{"side": "BUY"}',
            PayloadUnreadable,
            "payload holds in side what that field does not take",
        ),
        (
            b'{"expireTime": "soon"}',
            PayloadUnreadable,
            "payload holds in expireTime what that field does not take",
        ),
        (
            b'{"open": {}, "place": {}}',
            PayloadUnreadable,
            "payload gives more than one action, where one is meant",
        ),
    ],
)
def test_a_payload_that_cannot_be_read_is_refused_with_what_is_wrong_in_it(
    payload: bytes, kind: type[CountersignError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        read_signal(JSON, payload)
    assert str(caught.value) == words


def test_a_field_may_be_written_either_way() -> None:
    for name in ("externalId", "external_id"):
        assert read_signal(JSON, json.dumps({name: "a"}).encode()).external_id == "a"


FIELDS = sorted(
    {
        name
        for message in signals_pb2.DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
        for name in (field.name, field.json_name)
    }
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def refused(payload_format: signals_pb2.PayloadFormat, payload: bytes) -> str:
    """Return what is said of a payload that cannot be read; empty: it can."""
    try:
        read_signal(payload_format, payload)
    except (PayloadUnreadable, UnknownField) as refusal:
        return str(refusal)
    return ""


@given(tree=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5))
def test_no_json_makes_reading_fail_in_another_way_or_in_anothers_words(
    tree: dict[str, Any],
) -> None:
    words = refused(JSON, json.dumps(tree).encode())
    assert not words or words.startswith("payload ")
    assert not {"google", "countersign.v1", "expected", "Failed"} & set(words.split())


@given(payload=st.binary(max_size=200))
def test_no_bytes_make_reading_fail_in_another_way(payload: bytes) -> None:
    for payload_format in (JSON, signals_pb2.PAYLOAD_FORMAT_PROTOBUF):
        words = refused(payload_format, payload)
        assert not words or words.startswith("payload ")
