"""A policy as text: what an owner signs, and what crosses the wire and is kept."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from countersign_guards.policy import (
    Action,
    Exposure,
    Limit,
    LossRule,
    MarginRule,
    Market,
    Patience,
    Policy,
    Reference,
)
from countersign_guards.trading_day import TradingDay

TEXT_MAX = 16_384
_RULES_MAX = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_CURRENCY = re.compile(r"[A-Z]{3,8}")
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_SECONDS_MAX = 3_600
_COUNT_MAX = 100_000

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)
Object = Mapping[str, Any]


class PolicyUnreadable(ValueError):
    """The text is no policy: names the field and says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def policy_text(policy: Policy) -> str:
    """Return the one text of a policy: what is not given is left out, keys are in order."""
    return json.dumps(_plain(policy), sort_keys=True, separators=(",", ":"))


def parse_policy(text: str) -> Policy:
    """Return the policy that a text is. Raises PolicyUnreadable."""
    if len(text) > TEXT_MAX:
        raise PolicyUnreadable("policy", f"longer than {TEXT_MAX} characters")
    try:
        given = json.loads(text, parse_float=_no_number, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        if isinstance(error, PolicyUnreadable):
            raise
        raise PolicyUnreadable("policy", "not JSON") from None
    return _policy(_Fields.of(given, "policy"))


class _Fields:
    """The fields of one JSON object; each is taken once, and none may be left over."""

    def __init__(self, given: Object, path: str) -> None:
        self._left, self._path = dict(given), path

    @classmethod
    def of(cls, given: object, path: str) -> "_Fields":
        if not isinstance(given, dict):
            raise PolicyUnreadable(path, "must be an object")
        return cls(cast("Object", given), path)

    def take(self, name: str, read: Callable[[object, str], T], default: T) -> T:
        given = self._left.pop(name, None)
        return default if given is None else read(given, f"{self._path}.{name}")

    def need(self, name: str, read: Callable[[object, str], T]) -> T:
        if name not in self._left:
            raise PolicyUnreadable(f"{self._path}.{name}", "is missing")
        return read(self._left.pop(name), f"{self._path}.{name}")

    def finish(self) -> None:
        """Refuse what is left: a misspelt limit must not be no limit."""
        for name in sorted(self._left):
            raise PolicyUnreadable(f"{self._path}.{name}", "is not a field of a policy")


def _policy(fields: _Fields) -> Policy:
    policy = Policy(
        currency=fields.need("currency", _matching(_CURRENCY, "a currency such as USD")),
        losses=fields.take("losses", _each(_loss), ()),
        margins=fields.take("margins", _each(_margin), ()),
        exposure=fields.take("exposure", _exposure, Exposure()),
        market=fields.take("market", _market, Market()),
        patience=fields.take("patience", _patience, Patience()),
        initial_balance=fields.take("initial_balance", _optional(_amount), None),
        warn_at=fields.take("warn_at", _share, Decimal("0.8")),
    )
    fields.finish()
    names = [rule.id for rule in (*policy.losses, *policy.margins)]
    for name in names:
        if names.count(name) > 1:
            raise PolicyUnreadable("policy", f"two rules are called {name}")
    return policy


def _loss(given: object, path: str) -> LossRule:
    fields = _Fields.of(given, path)
    rule = LossRule(
        id=fields.need("id", _matching(_NAME, "lower-case letters, digits and dashes, 40 at most")),
        reference=fields.need("reference", _choice(Reference)),
        limit=fields.need("limit", _limit),
        action=fields.take("action", _choice(Action), Action.FLATTEN),
        day=fields.take("day", _optional(_day), None),
        stops_at_initial_balance=fields.take("stops_at_initial_balance", _switch, default=False),
    )
    fields.finish()
    if rule.reference.needs_a_day and rule.day is None:
        raise PolicyUnreadable(f"{path}.day", f"{rule.reference} needs one: resets_at and zone")
    if rule.day is not None and not rule.reference.needs_a_day:
        raise PolicyUnreadable(f"{path}.day", f"{rule.reference} knows no days")
    return rule


def _limit(given: object, path: str) -> Limit:
    fields = _Fields.of(given, path)
    limit = Limit(
        amount=fields.take("amount", _optional(_amount), None),
        fraction=fields.take("fraction", _optional(_share), None),
        of_initial_balance=fields.take("of_initial_balance", _switch, default=False),
    )
    fields.finish()
    if (limit.amount is None) == (limit.fraction is None):
        raise PolicyUnreadable(path, "give either amount or fraction")
    if limit.amount is not None and limit.of_initial_balance:
        raise PolicyUnreadable(f"{path}.of_initial_balance", "goes with a fraction only")
    return limit


def _day(given: object, path: str) -> TradingDay:
    fields = _Fields.of(given, path)
    clock = fields.need("resets_at", _matching(_CLOCK, "a time of day such as 17:00"))
    zone = fields.need("zone", _zone)
    fields.finish()
    return TradingDay(time.fromisoformat(clock), zone)


def _margin(given: object, path: str) -> MarginRule:
    fields = _Fields.of(given, path)
    rule = MarginRule(
        id=fields.need("id", _matching(_NAME, "lower-case letters, digits and dashes, 40 at most")),
        level=fields.need("level", _amount),
        action=fields.take("action", _choice(Action), Action.CLOSE_ONLY),
    )
    fields.finish()
    return rule


def _exposure(given: object, path: str) -> Exposure:
    fields = _Fields.of(given, path)
    exposure = Exposure(
        lots=fields.take("lots", _optional(_amount), None),
        positions=fields.take("positions", _optional(_count), None),
        lots_per_symbol=fields.take("lots_per_symbol", _optional(_amount), None),
        positions_per_symbol=fields.take("positions_per_symbol", _optional(_count), None),
        lots_per_direction=fields.take("lots_per_direction", _optional(_amount), None),
        leverage=fields.take("leverage", _optional(_amount), None),
        margin_level=fields.take("margin_level", _optional(_amount), None),
        stop_required=fields.take("stop_required", _switch, default=False),
    )
    fields.finish()
    return exposure


def _market(given: object, path: str) -> Market:
    fields = _Fields.of(given, path)
    market = Market(
        spread=fields.take("spread", _optional(_share), None),
        gap=fields.take("gap", _optional(_share), None),
        gap_rest=fields.take("gap_rest_seconds", _seconds, Market().gap_rest),
        quote_age=fields.take("quote_age_seconds", _optional(_seconds), None),
    )
    fields.finish()
    return market


def _patience(given: object, path: str) -> Patience:
    fields, usual = _Fields.of(given, path), Patience()
    patience = Patience(
        persistence=fields.take("persistence_seconds", _seconds, usual.persistence),
        views=fields.take("views", _count, usual.views),
        suspect_persistence=fields.take(
            "suspect_persistence_seconds", _seconds, usual.suspect_persistence
        ),
        alert=fields.take("alert_seconds", _seconds, usual.alert),
        unsettled=fields.take("unsettled_seconds", _seconds, usual.unsettled),
        view_age=fields.take("view_age_seconds", _seconds, usual.view_age),
    )
    fields.finish()
    return patience


def _each(read: Callable[[object, str], T]) -> Callable[[object, str], tuple[T, ...]]:
    def read_all(given: object, path: str) -> tuple[T, ...]:
        if not isinstance(given, list):
            raise PolicyUnreadable(path, "must be a list")
        items = cast("Sequence[object]", given)
        if len(items) > _RULES_MAX:
            raise PolicyUnreadable(path, f"more than {_RULES_MAX}")
        return tuple(read(item, f"{path}[{number}]") for number, item in enumerate(items))

    return read_all


def _optional(read: Callable[[object, str], T]) -> Callable[[object, str], T | None]:
    return read


def _choice(kind: type[Choice]) -> Callable[[object, str], Choice]:
    def read(given: object, path: str) -> Choice:
        try:
            return kind(cast("str", given))
        except ValueError:
            names = ", ".join(kind)
            raise PolicyUnreadable(path, f"must be one of {names}") from None

    return read


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[object, str], str]:
    def read(given: object, path: str) -> str:
        if not isinstance(given, str) or not pattern.fullmatch(given):
            raise PolicyUnreadable(path, f"must be {what}")
        return given

    return read


def _amount(given: object, path: str) -> Decimal:
    if not isinstance(given, str) or not _NUMBER.fullmatch(given) or not Decimal(given):
        raise PolicyUnreadable(path, 'must be a decimal above 0, as text such as "2500.50"')
    return Decimal(given)


def _share(given: object, path: str) -> Decimal:
    share = _amount(given, path)
    if share > 1:
        raise PolicyUnreadable(path, 'must be a fraction, at most "1": five percent is "0.05"')
    return share


def _count(given: object, path: str) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= _COUNT_MAX:
        raise PolicyUnreadable(path, f"must be a whole number from 1 to {_COUNT_MAX}")
    return given


def _seconds(given: object, path: str) -> timedelta:
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= _SECONDS_MAX:
        raise PolicyUnreadable(path, f"must be whole seconds, from 0 to {_SECONDS_MAX}")
    return timedelta(seconds=given)


def _switch(given: object, path: str) -> bool:
    if not isinstance(given, bool):
        raise PolicyUnreadable(path, "must be true or false")
    return given


def _zone(given: object, path: str) -> str:
    try:
        return ZoneInfo(cast("str", given)).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise PolicyUnreadable(
            path, "is no zone of the IANA database, such as Europe/Prague"
        ) from None


def _no_number(_: str) -> Decimal:
    raise PolicyUnreadable("policy", 'numbers with a point are text, such as "0.05"')


def _plain(policy: Policy) -> Object:
    patience, market, exposure = policy.patience, policy.market, policy.exposure
    return _given(
        currency=policy.currency,
        initial_balance=policy.initial_balance,
        warn_at=policy.warn_at,
        losses=[
            _given(
                id=rule.id,
                reference=rule.reference,
                limit=_given(
                    amount=rule.limit.amount,
                    fraction=rule.limit.fraction,
                    of_initial_balance=rule.limit.of_initial_balance,
                ),
                action=rule.action,
                day=rule.day
                and {"resets_at": rule.day.resets_at.strftime("%H:%M"), "zone": rule.day.zone},
                stops_at_initial_balance=rule.stops_at_initial_balance,
            )
            for rule in policy.losses
        ],
        margins=[
            _given(id=rule.id, level=rule.level, action=rule.action) for rule in policy.margins
        ],
        exposure=_given(**asdict(exposure)),
        market=_given(
            spread=market.spread,
            gap=market.gap,
            gap_rest_seconds=market.gap_rest,
            quote_age_seconds=market.quote_age,
        ),
        patience=_given(
            persistence_seconds=patience.persistence,
            views=patience.views,
            suspect_persistence_seconds=patience.suspect_persistence,
            alert_seconds=patience.alert,
            unsettled_seconds=patience.unsettled,
            view_age_seconds=patience.view_age,
        ),
    )


def _given(**values: object) -> Object:
    return {name: _json(value) for name, value in values.items() if value not in (None, False, [])}


def _json(value: object) -> object:
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return value
