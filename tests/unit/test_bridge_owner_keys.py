"""A bridge that pins its owner's keys opens nothing that its owner did not sign."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

import mt5_simulator as mt5
from countersign.v1 import execution_pb2
from countersign_bridge.intents import Entry, EntryKind, Intent, Kind
from countersign_bridge.owner_pins import NAME, PinsError, pin, pinned_keys, unpin
from countersign_bridge.owner_signatures import OwnerSignature, owner_key_id
from countersign_bridge.trading.verification import Offer, Refusal
from tests.fixtures.bridge_world import a_text, an_intent
from tests.fixtures.bridge_world_without_io import EXPIRES as WORLD_EXPIRES, World
from tests.fixtures.owner_keys import Holder, KeyFile, Passkey, holders
from tests.unit.test_bridge_verification import (
    EXPIRES,
    IDENTITY,
    KEY as SERVER_KEY,
    NOW,
    an_offer,
    verify,
)
from tests.unit.test_owner_signatures import OTHERS

OPENING = an_intent(expires=EXPIRES)


def key_id_of(holder: Holder) -> str:
    return owner_key_id(holder.algorithm, holder.origin, holder.public_key)


def signed_by(holder: Holder, text: str) -> OwnerSignature:
    return OwnerSignature(
        key_id=key_id_of(holder),
        algorithm=holder.algorithm,
        origin=holder.origin,
        public_key=holder.public_key,
        **holder.approve(text).fields(),
    )


def countersigned(offer: Offer, holder: Holder) -> Offer:
    return replace(offer, owner_signature=signed_by(holder, offer.intent_text))


def answer(
    offer: Offer, *pinned: Holder, now: datetime = NOW, bridge_now: datetime = NOW
) -> Intent | Refusal:
    identity = replace(IDENTITY, owner_keys=frozenset(map(key_id_of, pinned)))
    return verify(offer, now=now, identity=identity, bridge_now=bridge_now)


def reason(told: Intent | Refusal) -> str:
    assert isinstance(told, Refusal), "the offer was taken"
    assert told.final
    return told.reason


@pytest.mark.parametrize("kind", holders())
def test_what_a_pinned_key_signed_is_taken(kind: str) -> None:
    holder = holders()[kind]
    assert answer(countersigned(an_offer(OPENING), holder), holder) == OPENING
    assert answer(countersigned(an_offer(OPENING), holder), *holders().values()) == OPENING


def test_without_pins_the_servers_countersignature_is_enough() -> None:
    assert verify(an_offer(OPENING)) == OPENING
    # A signature that nobody asked for is not looked at.
    assert verify(countersigned(an_offer(OPENING), KeyFile())) == OPENING


def test_the_servers_word_alone_opens_nothing() -> None:
    assert reason(answer(an_offer(OPENING), KeyFile())) == "OWNER_SIGNATURE_REQUIRED"


def test_with_the_last_pin_taken_out_nothing_is_opened() -> None:
    offer = countersigned(an_offer(OPENING), KeyFile())
    assert reason(answer(offer)) == "OWNER_KEY_NOT_PINNED"


@dataclass(frozen=True, slots=True)
class Forgery:
    """What somebody makes who has the server and all its keys, and not the owner's."""

    make: Callable[[Offer], Offer]
    reason: str


def _retold(offer: Offer, old: str, new: str) -> Offer:
    """Another text under the server's own, valid signature."""
    text = offer.intent_text.replace(old, new)
    assert text != offer.intent_text
    return replace(
        offer,
        intent_text=text,
        intent_digest=sha256(text.encode()).hexdigest(),
        signature=SERVER_KEY.sign(b"countersign.approval/1\0" + text.encode()),
    )


def _claiming(offer: Offer, **changes: object) -> Offer:
    assert offer.owner_signature is not None
    return replace(offer, owner_signature=replace(offer.owner_signature, **changes))


THEFT = OTHERS["ed25519"]
FORGERIES: Mapping[str, Forgery] = {
    "more lots": Forgery(
        lambda o: _retold(o, "volume: 0.1\n", "volume: 10\n"), "OWNER_SIGNATURE_INVALID"
    ),
    "the other side": Forgery(
        lambda o: _retold(o, "side: buy", "side: sell"), "OWNER_SIGNATURE_INVALID"
    ),
    "a later end": Forgery(
        lambda o: _retold(o, "expires: 2026-01-05", "expires: 2026-02-05"),
        "OWNER_SIGNATURE_INVALID",
    ),
    "a key of the thief's own": Forgery(lambda o: countersigned(o, THEFT), "OWNER_KEY_NOT_PINNED"),
    "the thief's key under the owner's name": Forgery(
        lambda o: _claiming(countersigned(o, THEFT), key_id=key_id_of(KeyFile())),
        "OWNER_KEY_NOT_PINNED",
    ),
    "the owner's key under another name": Forgery(
        lambda o: _claiming(o, key_id=key_id_of(THEFT)), "OWNER_SIGNATURE_INVALID"
    ),
    "the owner's key said to be a passkey": Forgery(
        lambda o: _claiming(o, algorithm="passkey-ed25519", origin="https://evil.example"),
        "OWNER_KEY_NOT_PINNED",
    ),
    "no signature after all": Forgery(
        lambda o: replace(o, owner_signature=None), "OWNER_SIGNATURE_REQUIRED"
    ),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_who_has_the_server_and_its_keys_cannot_make_or_change_a_trade(how: str) -> None:
    honest = countersigned(an_offer(OPENING), KeyFile())
    assert answer(honest, KeyFile()) == OPENING

    forgery = FORGERIES[how]

    assert reason(answer(forgery.make(honest), KeyFile())) == forgery.reason


def test_the_page_a_passkey_signs_on_is_part_of_its_name() -> None:
    evil = replace(Passkey(), origin="https://evil.example")
    offer = countersigned(an_offer(OPENING), evil)
    assert reason(answer(offer, Passkey())) == "OWNER_KEY_NOT_PINNED"


NONE_OF_IT = {"volume": None, "entry": None, "price_min": None, "price_max": None}
OPENED = an_intent().approval
OF_KIND: Mapping[Kind, Intent] = {
    Kind.OPEN: OPENING,
    Kind.PLACE: replace(OPENING, kind=Kind.PLACE, entry=Entry(EntryKind.LIMIT, OPENING.price_min)),
    Kind.MODIFY: replace(OPENING, kind=Kind.MODIFY, opening_approval=OPENED, **NONE_OF_IT),
    Kind.CLOSE: replace(OPENING, kind=Kind.CLOSE, opening_approval=OPENED),
    Kind.PARTIAL_CLOSE: replace(OPENING, kind=Kind.PARTIAL_CLOSE, opening_approval=OPENED),
    Kind.CANCEL: replace(OPENING, kind=Kind.CANCEL, opening_approval=OPENED, **NONE_OF_IT),
}


@pytest.mark.parametrize("kind", Kind)
def test_the_server_alone_may_end_a_trade_and_neither_open_nor_change_one(kind: Kind) -> None:
    intent = OF_KIND[kind]
    told = answer(an_offer(intent), KeyFile())
    if kind in (Kind.CLOSE, Kind.PARTIAL_CLOSE, Kind.CANCEL):
        assert told == intent
    else:
        assert reason(told) == "OWNER_SIGNATURE_REQUIRED"
        assert answer(countersigned(an_offer(intent), KeyFile()), KeyFile()) == intent


def test_an_old_signature_is_worth_nothing_even_if_the_server_sets_its_clock_back() -> None:
    offer = countersigned(an_offer(OPENING), KeyFile())
    late = EXPIRES + timedelta(minutes=2)

    assert reason(answer(offer, KeyFile(), now=NOW, bridge_now=late)) == "EXPIRED"
    just_in_time = late - timedelta(seconds=1)
    assert answer(offer, KeyFile(), now=NOW, bridge_now=just_in_time) == OPENING


@pytest.fixture
def world() -> Iterator[World]:
    yield World()
    mt5.shutdown()
    mt5.detach()


def settled(world: World, *keys: tuple[str, int]) -> None:
    def over() -> bool:
        return all(world.server.result_of(k) or k in world.server.declined for k in keys)

    assert world.run(over)


FIRST = "0197a1c2-0000-7000-8000-0000000000d1"
SECOND = "0197a1c2-0000-7000-8000-0000000000d2"


def test_one_approval_is_one_order_whatever_number_of_commands_name_it(world: World) -> None:
    text = a_text(expires=WORLD_EXPIRES)
    first = world.server.offer(text, command_id=FIRST)
    settled(world, first)

    second = world.server.offer(text, command_id=SECOND)
    settled(world, second)

    assert world.server.declined[second].reason == "APPROVAL_USED"
    assert len(mt5.positions_get() or ()) == 1


def test_one_approval_is_one_order_also_after_the_bridge_was_started_again(world: World) -> None:
    text = a_text(expires=WORLD_EXPIRES)
    settled(world, world.server.offer(text, command_id=FIRST))

    world.start()
    second = world.server.offer(text, command_id=SECOND)
    settled(world, second)

    assert world.server.declined[second].reason == "APPROVAL_USED"
    assert len(mt5.positions_get() or ()) == 1


def test_one_approval_is_one_order_though_two_commands_come_at_once(world: World) -> None:
    assert world.run(lambda: world.server.epoch)
    text = a_text(expires=WORLD_EXPIRES)
    keys = [world.server.offer(text, command_id=one) for one in (FIRST, SECOND)]

    settled(world, *keys)

    assert [key for key in keys if key in world.server.declined] == [keys[1]]
    assert len(mt5.positions_get() or ()) == 1


def test_an_approval_whose_order_was_not_sent_is_not_used_up(world: World) -> None:
    text = a_text(expires=WORLD_EXPIRES)
    world.server.valid_for_ms = 0
    first = world.server.offer(text, command_id=FIRST)
    settled(world, first)
    assert world.server.result_of(first) == execution_pb2.ATTEMPT_OUTCOME_NOT_SENT

    world.server.valid_for_ms = 5000
    second = world.server.offer(text, command_id=SECOND)
    settled(world, second)

    assert world.server.result_of(second) == execution_pb2.ATTEMPT_OUTCOME_EXECUTED


PHONE, LAPTOP = key_id_of(Passkey()), key_id_of(KeyFile())


def test_nothing_is_pinned_until_a_person_pins_it(tmp_path: Path) -> None:
    assert pinned_keys(tmp_path, ()) is None


def test_pins_come_from_the_file_and_from_the_settings(tmp_path: Path) -> None:
    pin(tmp_path, PHONE, "phone")
    assert pinned_keys(tmp_path, (LAPTOP,)) == {PHONE: "phone", LAPTOP: "settings"}


def test_pinning_again_changes_the_name_alone(tmp_path: Path) -> None:
    pin(tmp_path, PHONE, "phone")
    pin(tmp_path, LAPTOP, "")
    pin(tmp_path, PHONE, "new phone")
    assert pinned_keys(tmp_path, ()) == {PHONE: "new phone", LAPTOP: ""}


def test_the_last_pin_taken_out_leaves_nothing_open(tmp_path: Path) -> None:
    pin(tmp_path, PHONE, "phone")
    unpin(tmp_path, PHONE)
    assert pinned_keys(tmp_path, ()) == {}


def test_the_pins_are_for_their_user_alone(tmp_path: Path) -> None:
    assert pin(tmp_path / "state", PHONE, "phone").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("what", ["own_short", "", "OWN_" + PHONE[4:], PHONE + "x", f"{PHONE}\n"])
def test_what_is_no_keys_name_is_not_pinned(tmp_path: Path, what: str) -> None:
    with pytest.raises(PinsError, match="no owner key's id"):
        pin(tmp_path, what, "")
    with pytest.raises(PinsError, match="no owner key's id"):
        pinned_keys(tmp_path, (what,))
    assert not (tmp_path / NAME).exists()


def test_a_pin_file_that_cannot_be_read_stops_the_bridge(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(f"{PHONE} phone\nown_typo laptop\n")
    with pytest.raises(PinsError, match="line 2"):
        pinned_keys(tmp_path, ())
    (tmp_path / NAME).write_bytes(b"\xff")
    with pytest.raises(PinsError, match="cannot be read"):
        pinned_keys(tmp_path, ())


def test_what_is_not_pinned_cannot_be_taken_out(tmp_path: Path) -> None:
    with pytest.raises(PinsError, match="is not pinned"):
        unpin(tmp_path, PHONE)
    assert not (tmp_path / NAME).exists()
