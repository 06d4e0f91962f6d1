"""A text is an intent exactly, or it is nothing."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given, strategies as st

from countersign_bridge.intents import (
    NAMES,
    Entry,
    EntryKind,
    Intent,
    IntentInvalid,
    Kind,
    MarginMode,
    Side,
    intent_text,
    parse_intent,
)
from tests.fixtures.bridge_world import a_text, an_intent

EXAMPLE = """countersign.intent/1
approval: 0197a1c2-0000-7000-8000-000000000001
signal: 0197a1c2-0000-7000-8000-000000000002
payload: 5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c
account: 1000001@Sim-Demo
currency: USD
margin-mode: hedging
kind: open
instrument: EURUSD
symbol: EURUSD.r
fingerprint: 77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab
side: buy
volume: 0.1
entry: market
price-min: 1.0835
price-max: 1.0855
stop-loss: 1.0801
take-profit: 1.0955
good-until: none
opening-approval: none
expires: 2026-11-21T10:00:00.123Z
"""

positive = st.decimals("0.00001", "100000", places=5).map(lambda value: value.normalize())
moments = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001  # hypothesis wants them naive
    datetime(2090, 1, 1),  # noqa: DTZ001  # hypothesis wants them naive
    timezones=st.just(UTC),  # hypothesis wants them naive
).map(  # hypothesis wants them naive
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
opens = st.builds(
    an_intent,
    login=st.integers(1, 10**12),
    server=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=64),
    margin_mode=st.sampled_from(MarginMode),
    symbol=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=31),
    side=st.sampled_from(Side),
    volume=positive,
    price_min=st.none(),
    price_max=st.none() | positive,
    stop_loss=st.none() | positive,
    take_profit=st.none() | positive,
    expires=moments,
)
places = st.builds(
    an_intent,
    kind=st.just(Kind.PLACE),
    entry=st.builds(Entry, st.sampled_from([EntryKind.LIMIT, EntryKind.STOP]), positive),
    volume=positive,
    good_until=st.none() | moments,
)
changes = st.builds(
    an_intent,
    kind=st.just(Kind.MODIFY),
    entry=st.none(),
    volume=st.none(),
    price_min=st.none(),
    price_max=st.none(),
    stop_loss=st.none() | positive,
    opening_approval=st.none() | st.uuids(),
)


def test_the_documented_text_is_read_as_it_is_meant() -> None:
    intent = parse_intent(EXAMPLE)

    assert intent.approval == UUID("0197a1c2-0000-7000-8000-000000000001")
    assert (intent.login, intent.server) == (1000001, "Sim-Demo")
    assert (intent.kind, intent.side, intent.volume) == (Kind.OPEN, Side.BUY, Decimal("0.1"))
    assert intent.entry == Entry(EntryKind.MARKET)
    assert (intent.price_min, intent.price_max) == (Decimal("1.0835"), Decimal("1.0855"))
    assert (intent.stop_loss, intent.take_profit) == (Decimal("1.0801"), Decimal("1.0955"))
    assert intent.expires == datetime(2026, 11, 21, 10, 0, 0, 123000, tzinfo=UTC)


@given(intent=st.one_of(opens, places, changes))
def test_what_is_stated_is_read_back(intent: Intent) -> None:
    assert parse_intent(intent_text(intent)) == intent


@given(place=st.integers(0, len(EXAMPLE) - 1), character=st.characters(codec="utf-8"))
def test_a_changed_character_never_means_the_same(place: int, character: str) -> None:
    changed = EXAMPLE[:place] + character + EXAMPLE[place + 1 :]
    assume(changed != EXAMPLE)
    try:
        intent = parse_intent(changed)
    except IntentInvalid:
        return
    assert intent != parse_intent(EXAMPLE)
    assert intent_text(intent) == changed


@given(text=st.text(max_size=300))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(IntentInvalid):
        parse_intent(text)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_must_be_there(name: str) -> None:
    lines = EXAMPLE.splitlines(keepends=True)
    without = "".join(line for line in lines if not line.startswith(f"{name}: "))
    with pytest.raises(IntentInvalid):
        parse_intent(without)


@pytest.mark.parametrize(
    ("stated", "instead"),
    [
        ("volume: 0.1\n", "volume: 0.10\n"),
        ("volume: 0.1\n", "volume: 1e-1\n"),
        ("volume: 0.1\n", "volume: +0.1\n"),
        ("volume: 0.1\n", "volume: 0\n"),
        ("volume: 0.1\n", "volume: -0.1\n"),
        ("volume: 0.1\n", "volume: none\n"),
        ("volume: 0.1\n", "volume: NaN\n"),
        ("volume: 0.1\n", "volume: 0.1 \n"),
        ("volume: 0.1\n", "volume: \u0660.1\n"),
        ("entry: market\n", "entry: none\n"),
        ("entry: market\n", "entry: limit 1.08\n"),
        ("entry: market\n", "entry: limit\n"),
        ("side: buy\n", "side: BUY\n"),
        ("side: buy\n", "side: none\n"),
        ("price-min: 1.0835\n", "price-min: 1.0856\n"),
        ("good-until: none\n", "good-until: 2026-11-21T10:00:00.123Z\n"),
        (
            "opening-approval: none\n",
            "opening-approval: 0197a1c2-0000-7000-8000-000000000001\n",
        ),
        ("approval: 0197a1c2-0000-7000-8000-000000000001\n", "approval: none\n"),
        ("000000000001\nsignal", "00000000000A\nsignal"),
        ("expires: 2026-11-21T10:00:00.123Z\n", "expires: none\n"),
        ("10:00:00.123Z\n", "10:00:00.1234Z\n"),
        ("10:00:00.123Z\n", "10:00:00.123+00:00\n"),
        ("10:00:00.123Z\n", "25:00:00.123Z\n"),
        ("10:00:00.123Z\n", "10:00:00.123Z\n\n"),
        ("10:00:00.123Z\n", "10:00:00.123Z"),
        ("10:00:00.123Z\n", "10:00:00.123Z\r\n"),
        ("account: 1000001@Sim-Demo\n", "account: 01000001@Sim-Demo\n"),
        ("account: 1000001@Sim-Demo\n", "account: 1000001@\n"),
        ("countersign.intent/1\n", "countersign.intent/2\n"),
        ("side: buy\nvolume: 0.1\n", "volume: 0.1\nside: buy\n"),
        ("volume: 0.1\n", "volume: 0.1\nvolume: 0.1\n"),
    ],
)
def test_one_value_has_one_spelling(stated: str, instead: str) -> None:
    assert stated in EXAMPLE
    with pytest.raises(IntentInvalid):
        parse_intent(EXAMPLE.replace(stated, instead, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": Kind.CLOSE, "opening_approval": uuid4(), "stop_loss": Decimal(1)},
        {"kind": Kind.CLOSE, "opening_approval": uuid4(), "volume": None},
        {"kind": Kind.MODIFY, "entry": None, "price_min": None, "price_max": None},
        {"kind": Kind.CANCEL, "volume": None, "price_min": None, "price_max": None},
        {"kind": Kind.PLACE},
        {"kind": Kind.OPEN, "good_until": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_a_line_that_its_kind_has_not_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(IntentInvalid):
        parse_intent(a_text(**wrong))


def test_a_text_of_any_length_is_answered() -> None:
    with pytest.raises(IntentInvalid, match="longer than"):
        parse_intent(EXAMPLE + "x" * 10_000_000)
