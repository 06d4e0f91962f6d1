"""What recognises a valid message without the contract at hand says what protovalidate says."""

from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings, strategies as st

from countersign.v1 import signals_pb2, values_pb2
from countersign_server.rpc.validation import RulesBroken, check
from countersign_server.signals.rules import SURELY_VALID, is_signal

# As Hypothesis calls them: with arguments by name, some of them numbers that no enum has.
pb: Any = signals_pb2
values: Any = values_pb2

Choices = st.SearchStrategy[Any]


def mostly(right: str, *others: str) -> Choices:
    """Draw what is right half of the time, so that one thing alone is often wrong."""
    return st.just(right) | st.sampled_from(others)


TOKENS = mostly("a", "a.B:9_-", "x" * 64, "x" * 65, "", "a b", "a\n", "\n", "é", "a\0")
INSTRUMENTS = st.sampled_from(
    ["EURUSD", "US", "A" * 20, "A" * 21, "A", "eurusd", ".US", "EURUSD\n"]
)
DECIMALS = mostly(
    "1.0845",
    *("0", "-0", "0.0", "0.1", "0.5", "1", "10", "01", "1.", ".5", "1.50", "1e5", "+1", "-1"),
    *("", "1\n", "9" * 18, "9" * 19, f"0.{'0' * 8}1", f"0.{'0' * 9}1", "1\u0661"),
) | st.from_regex(r"-?[0-9]{0,3}[.]?[0-9]{0,3}", fullmatch=True)
FLAGS: Choices = st.booleans()
TIMES: Choices = st.none() | st.fixed_dictionaries({"seconds": st.integers(0, 2**31)})


def either(**parts: Choices) -> Choices:
    """Draw at most one of a oneof's fields."""
    return st.one_of(
        st.just({}), *(st.fixed_dictionaries({name: part}) for name, part in parts.items())
    )


NO_ONEOF: Choices = st.just({})


def built(message: Any, oneof: Choices = NO_ONEOF, **fields: Choices) -> Choices:
    """Build a message of its fields, and of what was drawn for its oneof."""

    def build(chosen: dict[str, Any], others: dict[str, Any]) -> Any:
        return message(**chosen, **others)

    return st.builds(build, oneof, st.fixed_dictionaries(fields))


STOPS = st.none() | built(values.StopChoice, either(stop_loss=DECIMALS, no_stop_loss=FLAGS))
TARGETS = st.none() | built(values.TargetChoice, either(take_profit=DECIMALS, no_take_profit=FLAGS))
ACTIONS = either(
    open=built(pb.OpenAction, price=DECIMALS, stop=STOPS, target=TARGETS),
    place=built(
        pb.PlaceAction,
        either(limit_price=DECIMALS, stop_price=DECIMALS),
        stop=STOPS,
        target=TARGETS,
        good_until_time=TIMES,
    ),
    modify=built(pb.ModifyAction, opening_external_id=TOKENS, stop=STOPS, target=TARGETS),
    close=built(
        pb.CloseAction,
        either(everything=FLAGS, fraction=DECIMALS),
        opening_external_id=TOKENS,
        price=DECIMALS,
    ),
    cancel=built(pb.CancelAction, opening_external_id=TOKENS),
)
NUMBERS: Choices = st.just(1) | st.sampled_from([0, 2, 3, -1])
SIGNALS = built(
    pb.Signal,
    ACTIONS,
    external_id=TOKENS,
    instrument=INSTRUMENTS,
    side=NUMBERS,
    version=TOKENS,
    note=mostly("", "why", "a\0b", "é" * 1000, "é" * 1001),
    expire_time=TIMES,
)
SIGNED: Choices = st.none() | built(
    pb.SignedSignal,
    key_id=TOKENS,
    algorithm=NUMBERS,
    sent_time_ms=st.just(1) | st.sampled_from([2**62, 0, -1]),
    nonce=(st.just(16) | st.sampled_from([15, 32, 33])).map(bytes),
    format=NUMBERS,
    payload=(st.just(1) | st.sampled_from([0, 32_768, 32_769])).map(bytes),
    signature=(st.just(32) | st.sampled_from([31, 64, 65])).map(bytes),
)
REQUESTS: Choices = st.one_of(
    st.builds(pb.SubmitSignalRequest, signal=SIGNED),
    st.builds(pb.StreamSignalsRequest, sequence=NUMBERS, signal=SIGNED),
    st.builds(
        pb.SubmitSignalsRequest,
        signals=st.lists(SIGNED.filter(lambda one: one is not None), max_size=3),
    ),
)


def keeps_the_rules(message: Message) -> bool:
    try:
        check(message)
    except RulesBroken:
        return False
    return True


@settings(max_examples=600, deadline=None)
@given(SIGNALS)
def test_a_signal_is_recognised_exactly_when_it_keeps_the_rules(signal: signals_pb2.Signal) -> None:
    assert is_signal(signal) == keeps_the_rules(signal)


@settings(max_examples=300, deadline=None)
@given(ACTIONS)
def test_an_action_is_recognised_exactly_when_it_keeps_the_rules(action: dict[str, Any]) -> None:
    signal = pb.Signal(external_id="a", instrument="EURUSD", side=1, version="1", **action)
    assert is_signal(signal) == keeps_the_rules(signal)


@settings(max_examples=300, deadline=None)
@given(REQUESTS)
def test_a_request_is_recognised_exactly_when_it_keeps_the_rules(request: Message) -> None:
    assert SURELY_VALID[type(request)](request) == keeps_the_rules(request)


@pytest.mark.parametrize(("count", "is_valid"), [(1000, True), (1001, False)])
def test_a_batch_has_a_thousand_signals_at_most(count: int, *, is_valid: bool) -> None:
    one = pb.SignedSignal(
        key_id="k", sent_time_ms=1, nonce=bytes(16), format=1, payload=b"p", signature=bytes(32)
    )
    request = pb.SubmitSignalsRequest(signals=[one] * count)
    assert SURELY_VALID[type(request)](request) is keeps_the_rules(request) is is_valid
