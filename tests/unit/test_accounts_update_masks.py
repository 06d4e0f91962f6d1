"""What an update sets and what it clears."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from countersign.v1 import accounts_pb2
from countersign_server.accounts.update_masks import Changeable, updated
from countersign_server.errors import UpdateMaskInvalid

LIMITS = frozenset({"limits.max_volume", "limits.max_signal_age", "limits.instruments"})
CHANGEABLE = Changeable(
    settable=LIMITS | {"sizing", "close_on_expiry"}, clearable=LIMITS | {"close_on_expiry"}
)


def before() -> accounts_pb2.Subscription:
    subscription = accounts_pb2.Subscription(
        sizing=accounts_pb2.Sizing(fixed_lots="0.1"),
        limits=accounts_pb2.SubscriptionLimits(max_volume="2", instruments=["EURUSD"]),
        close_on_expiry=True,
    )
    subscription.limits.max_signal_age.seconds = 30
    return subscription


def update(
    given: accounts_pb2.Subscription, sets: str = "", clears: str = ""
) -> tuple[accounts_pb2.Subscription, frozenset[str]]:
    return updated(
        before(),
        given,
        update_mask=FieldMask(paths=sets.split()),
        clear_mask=FieldMask(paths=clears.split()),
        changeable=CHANGEABLE,
    )


def limits(**given: object) -> accounts_pb2.Subscription:
    return accounts_pb2.Subscription(limits=accounts_pb2.SubscriptionLimits(**given))  # pyright: ignore[reportArgumentType]  # by name


def test_a_path_sets_one_field_of_a_group_and_leaves_the_others() -> None:
    after, touched = update(limits(max_volume="1", instruments=["XAUUSD"]), "limits.max_volume")
    assert touched == {"limits"}
    assert (after.limits.max_volume, list(after.limits.instruments)) == ("1", ["EURUSD"])
    assert after.limits.max_signal_age.seconds == 30


def test_a_group_sets_those_of_its_fields_that_are_given() -> None:
    after, _ = update(limits(instruments=["XAUUSD"]), "limits")
    assert (after.limits.max_volume, list(after.limits.instruments)) == ("2", ["XAUUSD"])


def test_a_choice_is_set_as_a_whole() -> None:
    given = accounts_pb2.Subscription(sizing=accounts_pb2.Sizing(multiplier="2"))
    after, touched = update(given, "sizing")
    assert (after.sizing.WhichOneof("rule"), touched) == ("multiplier", {"sizing"})


def test_what_is_named_to_be_cleared_is_cleared_and_nothing_else() -> None:
    after, touched = update(accounts_pb2.Subscription(), clears="limits.max_volume close_on_expiry")
    assert (after.limits.max_volume, after.close_on_expiry) == ("", False)
    assert list(after.limits.instruments) == ["EURUSD"]
    assert touched == {"limits", "close_on_expiry"}


def test_a_whole_group_may_be_cleared() -> None:
    after, _ = update(accounts_pb2.Subscription(), clears="limits")
    assert after.limits == accounts_pb2.SubscriptionLimits()


@pytest.mark.parametrize(
    ("given", "sets", "clears", "field", "named"),
    [
        (limits(max_volume="1"), "", "", "update_mask", "limits.max_volume"),
        (limits(max_volume="1"), "owner_id", "", "update_mask", "owner_id"),
        (limits(max_volume="1"), "limits.max_volum", "", "update_mask", "limits.max_volum"),
        (limits(max_volume="1"), "limit", "", "update_mask", "limit"),
        (limits(max_volume="1"), "*", "", "update_mask", "*"),
        (limits(max_volume="1"), "", "sizing", "clear_mask", "sizing"),
        (limits(max_volume="1"), "limits", "limits.max_volume", "clear_mask", "limits.max_volume"),
        (limits(instruments=["XAUUSD"]), "limits.max_volume", "", "update_mask", "max_volume"),
        (limits(), "limits.max_signal_age", "", "update_mask", "limits.max_signal_age"),
        (limits(), "limits", "", "update_mask", "limits"),
        (accounts_pb2.Subscription(), "limits.max_volume", "", "update_mask", "limits.max_volume"),
        (accounts_pb2.Subscription(), "sizing", "", "update_mask", "sizing"),
        # False and absent are the same bytes: switching off is said with clear_mask.
        (accounts_pb2.Subscription(), "close_on_expiry", "", "update_mask", "close_on_expiry"),
    ],
)
def test_an_update_that_could_clear_by_mistake_is_refused_and_says_what_it_named(
    given: accounts_pb2.Subscription, sets: str, clears: str, field: str, named: str
) -> None:
    with pytest.raises(UpdateMaskInvalid) as caught:
        update(given, sets, clears)
    assert caught.value.field == field
    assert named in str(caught.value)
