"""Texts that no database stores are refused, wherever they are in a message."""

import pytest
from google.protobuf.message import Message

from countersign.v1 import accounts_pb2, execution_pb2, guards_pb2, signals_pb2, values_pb2
from countersign_server.rpc.validation import RulesBroken, check

SOMEBODY = "0197a1c2-0000-7000-8000-0000000000a1"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (accounts_pb2.CreateProducerRequest(name="a\0b"), "name"),
        (
            signals_pb2.SubmitSignalsRequest(
                signals=[signals_pb2.SignedSignal(), signals_pb2.SignedSignal(key_id="\0")]
            ),
            "signals[1].key_id",
        ),
        (
            execution_pb2.ChannelRequest(
                event=execution_pb2.Event(deal=execution_pb2.Deal(comment="a\0b"))
            ),
            "event.deal.comment",
        ),
    ],
)
def test_the_character_nul_is_refused_in_every_text(message: Message, field: str) -> None:
    with pytest.raises(RulesBroken) as refused:
        check(message)
    assert list(refused.value.violations) == [field]
    assert "NUL" in refused.value.violations[field]


def test_bytes_may_hold_what_they_like() -> None:
    signed = signals_pb2.SignedSignal(nonce=bytes(16), payload=bytes(8))
    with pytest.raises(RulesBroken) as refused:
        check(signed)
    assert not any("NUL" in text for text in refused.value.violations.values())


@pytest.mark.parametrize(
    "request_",
    [
        guards_pb2.ResetGuardRequest(guard_id=SOMEBODY),
        guards_pb2.CallOffClosingRequest(guard_id=SOMEBODY),
        guards_pb2.ReleaseKillSwitchRequest(kill_switch_id=SOMEBODY),
        guards_pb2.PullKillSwitchRequest(
            account_id=SOMEBODY, state=values_pb2.TRADING_STATE_HALTED
        ),
    ],
)
def test_a_person_s_word_to_a_guard_takes_a_reason(request_: Message) -> None:
    with pytest.raises(RulesBroken) as refused:
        check(request_)
    assert list(refused.value.violations) == ["reason"]
