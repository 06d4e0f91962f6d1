"""The text that is signed and traded from: one text for each intent, one intent for each text."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from countersign_server.approvals.intents import (
    Entry,
    EntryKind,
    Intent,
    Kind,
    confirms,
    digest,
    render,
    whole_milliseconds,
)
from tests.fixtures.approvals import a_follower, a_signal, planned

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"


def parse(text: str) -> Intent:
    """Read a text back. The product's own reader is in the bridge, which shares no code."""
    assert text.endswith("\n")
    title, *lines = text.removesuffix("\n").split("\n")
    assert title == "countersign.intent/1"
    value = dict(line.split(": ", 1) for line in lines)
    login, _, server = value["account"].partition("@")
    return Intent(
        approval_id=UUID(value["approval"]),
        signal_id=UUID(value["signal"]),
        payload_sha256=value["payload"],
        login=int(login),
        server=server,
        currency=value["currency"],
        margin_mode=value["margin-mode"],
        kind=Kind(value["kind"]),
        instrument=value["instrument"],
        symbol=value["symbol"],
        fingerprint=value["fingerprint"],
        side=value["side"],
        volume=number(value["volume"]),
        entry=entry(value["entry"]),
        price_min=number(value["price-min"]),
        price_max=number(value["price-max"]),
        stop_loss=number(value["stop-loss"]),
        take_profit=number(value["take-profit"]),
        good_until=moment(value["good-until"]),
        opening_approval_id=None
        if value["opening-approval"] == "none"
        else UUID(value["opening-approval"]),
        expires_at=datetime.fromisoformat(value["expires"]),
    )


def number(text: str) -> Decimal | None:
    return None if text == "none" else Decimal(text)


def moment(text: str) -> datetime | None:
    return None if text == "none" else datetime.fromisoformat(text)


def entry(text: str) -> Entry:
    kind, _, price = text.partition(" ")
    return Entry(EntryKind(kind), Decimal(price) if price else None)


amounts = st.decimals(min_value="0.000000001", max_value="999999999", places=9)
any_moments = st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year > 1)
moments = any_moments.map(whole_milliseconds)
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=31)
entries = st.one_of(
    st.sampled_from([Entry(EntryKind.MARKET), Entry(EntryKind.NONE)]),
    st.builds(Entry, st.sampled_from([EntryKind.LIMIT, EntryKind.STOP]), amounts),
)
intents = st.builds(
    Intent,
    approval_id=st.uuids(),
    signal_id=st.uuids(),
    payload_sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    login=st.integers(1, 2**63 - 1),
    server=words,
    currency=st.sampled_from(["USD", "EUR"]),
    margin_mode=st.sampled_from(["hedging", "netting", "exchange"]),
    kind=st.sampled_from(Kind),
    instrument=st.sampled_from(["EURUSD", "US30.X"]),
    symbol=words,
    fingerprint=st.binary(min_size=32, max_size=32).map(bytes.hex),
    side=st.sampled_from(["buy", "sell"]),
    volume=st.none() | amounts,
    entry=entries,
    price_min=st.none() | amounts,
    price_max=st.none() | amounts,
    stop_loss=st.none() | amounts,
    take_profit=st.none() | amounts,
    good_until=st.none() | moments,
    opening_approval_id=st.none() | st.uuids(),
    expires_at=moments,
)


@given(intents)
def test_an_intent_is_read_back_as_itself(intent: Intent) -> None:
    assert parse(render(intent)) == intent


@given(intents, intents)
def test_different_intents_never_share_a_digest(one: Intent, other: Intent) -> None:
    assert (digest(render(one)) == digest(render(other))) == (one == other)


def test_the_names_and_their_order_are_those_of_the_protocol() -> None:
    page = PROTOCOL.read_text()
    block = page.split("```\ncountersign.intent/1\n", 1)[1].split("```", 1)[0]
    documented = [line.split(":", 1)[0] for line in block.strip().splitlines()]

    text = planned(a_signal(), a_follower()).text

    assert [line.split(":", 1)[0] for line in text.splitlines()[1:]] == documented


def test_the_text_is_known_to_the_byte() -> None:
    intent = planned(a_signal(), a_follower()).intent
    text = render(intent)
    assert text == (
        "countersign.intent/1\n"
        "approval: 00000000-0000-0000-0000-000000000006\n"
        "signal: 00000000-0000-0000-0000-000000000005\n"
        f"payload: {'5f' * 32}\n"
        "account: 1000001@Sim-Demo\n"
        "currency: USD\n"
        "margin-mode: hedging\n"
        "kind: open\n"
        "instrument: EURUSD\n"
        "symbol: EURUSD.r\n"
        f"fingerprint: {intent.fingerprint}\n"
        "side: buy\n"
        "volume: 0.1\n"
        "entry: market\n"
        "price-min: 1.0835\n"
        "price-max: 1.0855\n"
        "stop-loss: 1.0801\n"
        "take-profit: 1.0955\n"
        "good-until: none\n"
        "opening-approval: none\n"
        "expires: 2026-11-20T10:01:28.123Z\n"
    )
    assert digest(text) == sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("value", ["EU\nside: sell", "EU\r", "EU\u2028x", "", " EU", "EU ", "Eü"])
def test_no_value_can_add_a_line_or_be_read_in_two_ways(value: str) -> None:
    intent = replace(planned(a_signal(), a_follower()).intent, symbol=value)
    with pytest.raises(ValueError, match="symbol cannot be written on one line"):
        render(intent)


@given(any_moments)
def test_a_limit_in_time_is_never_rounded_up(moment: datetime) -> None:
    cut = whole_milliseconds(moment)
    assert moment - timedelta(milliseconds=1) < cut <= moment
    assert cut.microsecond % 1000 == 0


def test_a_text_confirms_the_fingerprint_it_names_and_no_other() -> None:
    asked = planned(a_signal(), a_follower())
    assert confirms(asked.text, asked.intent.fingerprint)
    assert not confirms(asked.text, "00" * 32)
    assert not confirms(asked.text, asked.intent.payload_sha256)


def test_decimals_in_the_text_are_canonical() -> None:
    text = planned(a_signal(take_profit=Decimal("1.09550")), a_follower()).text
    numbers = re.findall(
        r"^(?:volume|price-min|price-max|stop-loss|take-profit): (.*)$", text, re.MULTILINE
    )
    assert numbers == ["0.1", "1.0835", "1.0855", "1.0801", "1.0955"]
