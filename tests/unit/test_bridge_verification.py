"""An offer is claimed only if it is what its owner approved and the terminal may do it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign_bridge.fingerprints import order_magic
from countersign_bridge.intents import Intent, Kind, MarginMode, Side, intent_text
from countersign_bridge.terminal.jobs import InspectAnswer
from countersign_bridge.terminal.views import (
    AccountView,
    OrderView,
    SymbolView,
    TerminalView,
    TickView,
    Traces,
)
from countersign_bridge.trading.targets import Target
from countersign_bridge.trading.verification import (
    Identity,
    Offer,
    Refusal,
    check_terminal,
    verify_offer,
)
from tests.fixtures.bridge_world import an_intent

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
EXPIRES = NOW + timedelta(minutes=5)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
ACCOUNT_ID = "0197a1c2-0000-7000-8000-00000000000a"
COMMAND_ID = "0197a1c2-0000-7000-8000-00000000000c"
IDENTITY = Identity(
    account_id=ACCOUNT_ID,
    login=1000001,
    server="Sim-Demo",
    currency="USD",
    margin_mode=MarginMode.HEDGING,
    pinned_keys={"apr_1": KEY.public_key().public_bytes_raw()},
)


def an_offer(intent: Intent | None = None, *, text: str | None = None) -> Offer:
    """Return an offer as an honest server makes it, of an intent or of any text."""
    intent = intent or an_intent(expires=EXPIRES)
    text = text or intent_text(intent)
    return Offer(
        command_id=COMMAND_ID,
        attempt=1,
        intent_text=text,
        intent_digest=sha256(text.encode()).hexdigest(),
        approval_id=str(intent.approval),
        signature=KEY.sign(b"countersign.approval/1\0" + text.encode()),
        key_id="apr_1",
        expires=EXPIRES,
        magic=order_magic(account_id=ACCOUNT_ID, command_id=COMMAND_ID, attempt=1),
        target=Target(),
    )


def verify(
    offer: Offer,
    *,
    now: datetime = NOW,
    identity: Identity = IDENTITY,
    bridge_now: datetime | None = None,
) -> Intent | Refusal:
    own = now if bridge_now is None else bridge_now
    return verify_offer(offer, identity, server_now=now, bridge_now=own, opening_magics={})


def reason(answer: object) -> str | None:
    return answer.reason if isinstance(answer, Refusal) else None


def test_an_honest_offer_is_its_intent() -> None:
    intent = an_intent(expires=EXPIRES)
    assert verify(an_offer(intent)) == intent


OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
DISHONEST: dict[str, tuple[Callable[[Offer], Offer], str]] = {
    "digest of another text": (lambda o: replace(o, intent_digest="00" * 32), "DIGEST_MISMATCH"),
    "text changed after approval": (
        lambda o: replace(
            o,
            intent_text=o.intent_text.replace("volume: 0.1", "volume: 9"),
            intent_digest=sha256(
                o.intent_text.replace("volume: 0.1", "volume: 9").encode()
            ).hexdigest(),
        ),
        "SIGNATURE_INVALID",
    ),
    "signed by a key that is not pinned": (
        lambda o: replace(
            o,
            signature=OTHER_KEY.sign(b"countersign.approval/1\0" + o.intent_text.encode()),
        ),
        "SIGNATURE_INVALID",
    ),
    "names an unknown key": (lambda o: replace(o, key_id="apr_2"), "SIGNATURE_INVALID"),
    "signed for another purpose": (
        lambda o: replace(o, signature=KEY.sign(o.intent_text.encode())),
        "SIGNATURE_INVALID",
    ),
    "no signature": (lambda o: replace(o, signature=b""), "SIGNATURE_INVALID"),
    "another approval": (lambda o: replace(o, approval_id=str(uuid4())), "APPROVAL_MISMATCH"),
    "a tag of another attempt": (lambda o: replace(o, attempt=2), "MAGIC_MISMATCH"),
    "a tag of the server's choice": (lambda o: replace(o, magic=5), "MAGIC_MISMATCH"),
    "its own time over": (lambda o: replace(o, expires=NOW), "EXPIRED"),
}


@pytest.mark.parametrize("how", DISHONEST)
def test_an_offer_that_is_not_what_was_approved_can_never_be_taken(how: str) -> None:
    change, why = DISHONEST[how]
    answer = verify(change(an_offer()))
    assert isinstance(answer, Refusal)
    assert (answer.reason, answer.final) == (why, True)


def test_a_signed_text_of_another_form_is_declined() -> None:
    text = intent_text(an_intent(expires=EXPIRES)).replace("side: buy", "side: both")
    assert reason(verify(an_offer(text=text))) == "INTENT_INVALID"


@pytest.mark.parametrize(
    "other",
    [
        {"login": 1000002},
        {"server": "Other-Live"},
        {"currency": "EUR"},
        {"margin_mode": MarginMode.NETTING},
    ],
)
def test_an_intent_for_another_account_is_declined(other: dict[str, object]) -> None:
    intent = an_intent(expires=EXPIRES, **other)
    assert reason(verify(an_offer(intent))) == "ACCOUNT_MISMATCH"


def test_an_intent_is_over_when_its_text_says_so_whatever_the_offer_says() -> None:
    late = replace(an_offer(), expires=EXPIRES + timedelta(days=1))
    assert reason(verify(late, now=EXPIRES)) == "EXPIRED"
    assert reason(verify(late, now=EXPIRES - timedelta(milliseconds=1))) is None


def test_a_target_that_the_named_approval_did_not_open_is_declined() -> None:
    opening = UUID(int=7)
    intent = an_intent(expires=EXPIRES, kind=Kind.CLOSE, opening_approval=opening)
    known = {str(opening): {41, 42}}
    for magic, why in ((42, None), (43, "TARGET_MISMATCH")):
        offer = replace(an_offer(intent), target=Target(opening_magic=magic))
        answer = verify_offer(offer, IDENTITY, server_now=NOW, bridge_now=NOW, opening_magics=known)
        assert reason(answer) == why


D = Decimal
ACCOUNT = AccountView(
    *(1000001, "Sim-Demo", "USD", 2),
    trade_allowed=True,
    trade_expert=True,
    balance=D(1),
    equity=D(1),
    credit=D(0),
    margin=D(0),
    margin_free=D(1),
    currency_digits=2,
)
SYMBOL = SymbolView(
    name="EURUSD",
    digits=5,
    point=D("0.00001"),
    contract_size=D(100000),
    tick_size=D("0.00001"),
    tick_value=D(1),
    volume_min=D("0.01"),
    volume_max=D(100),
    volume_step=D("0.01"),
    currency_base="EUR",
    currency_profit="USD",
    margin_per_lot=D(0),
    pip_size=D("0.0001"),
    filling_mask=3,
    trade_mode=4,
)
NO_TRACES = Traces((), (), (), ())
TERMINAL = TerminalView(
    connected=True, trade_allowed=True, api_disabled=False, build=1, ping_last_us=1
)
FAIR = InspectAnswer(
    account=ACCOUNT,
    terminal=TERMINAL,
    symbol=SYMBOL,
    tick=TickView("EURUSD", D("1.08"), D("1.0801"), 1),
    positions=(),
    orders=(),
    own=NO_TRACES,
    opening=NO_TRACES,
)
SENT = OrderView(
    *(9, 7, "EURUSD", 0, 1, D(1), D(1), D(1), D(0), D(0), 0, 0, 0, 0),
)


def test_a_terminal_in_order_may_be_given_the_command() -> None:
    assert check_terminal(an_intent(), IDENTITY, FAIR) is None


@pytest.mark.parametrize(
    ("shown", "why", "final"),
    [
        (replace(FAIR, account=replace(ACCOUNT, login=2)), "ACCOUNT_MISMATCH", True),
        (replace(FAIR, account=replace(ACCOUNT, margin_mode=0)), "ACCOUNT_MISMATCH", True),
        (replace(FAIR, own=Traces((SENT,), (), (), ())), "ALREADY_SENT", True),
        (
            replace(FAIR, terminal=replace(TERMINAL, connected=False)),
            "TERMINAL_DISCONNECTED",
            False,
        ),
        (replace(FAIR, terminal=replace(TERMINAL, api_disabled=True)), "API_DISABLED", False),
        (replace(FAIR, terminal=replace(TERMINAL, trade_allowed=False)), "ALGO_TRADING_OFF", False),
        (
            replace(FAIR, account=replace(ACCOUNT, trade_allowed=False)),
            "ACCOUNT_MAY_NOT_TRADE",
            False,
        ),
        (replace(FAIR, symbol=None, tick=None), "SYMBOL_UNKNOWN", True),
        (replace(FAIR, symbol=replace(SYMBOL, contract_size=D(1000))), "SYMBOL_CHANGED", True),
        (replace(FAIR, symbol=replace(SYMBOL, digits=3)), "SYMBOL_CHANGED", True),
        (replace(FAIR, symbol=replace(SYMBOL, trade_mode=0)), "SYMBOL_CLOSED", False),
        (replace(FAIR, symbol=replace(SYMBOL, trade_mode=2)), "SYMBOL_CLOSED", False),
        (replace(FAIR, symbol=replace(SYMBOL, trade_mode=3)), "SYMBOL_CLOSED", False),
        (replace(FAIR, tick=None), "NO_PRICE", False),
    ],
)
def test_a_terminal_out_of_order_is_given_nothing(
    shown: InspectAnswer, why: str, *, final: bool
) -> None:
    answer = check_terminal(an_intent(), IDENTITY, shown)
    assert answer is not None
    assert (answer.reason, answer.final) == (why, final)


@pytest.mark.parametrize(
    ("kind", "side", "low", "high", "why"),
    [
        (Kind.OPEN, Side.BUY, "1.08005", "1.0801", None),
        (Kind.OPEN, Side.BUY, "1.07", "1.08005", "PRICE_OUT_OF_BAND"),
        (Kind.OPEN, Side.SELL, "1.08", "1.08", None),
        (Kind.OPEN, Side.SELL, "1.08005", "1.09", "PRICE_OUT_OF_BAND"),
        (Kind.CLOSE, Side.BUY, "1.08", "1.08", None),
        (Kind.CLOSE, Side.SELL, "1.08", "1.08", "PRICE_OUT_OF_BAND"),
    ],
)
def test_the_price_of_the_side_that_trades_is_within_the_band(
    kind: Kind, side: Side, low: str, high: str, why: str | None
) -> None:
    intent = an_intent(kind=kind, side=side, price_min=D(low), price_max=D(high))
    assert reason(check_terminal(intent, IDENTITY, FAIR)) == why


def test_a_symbol_that_may_only_be_closed_is_closed() -> None:
    shown = replace(FAIR, symbol=replace(SYMBOL, trade_mode=3))
    assert check_terminal(an_intent(kind=Kind.CLOSE), IDENTITY, shown) is None
