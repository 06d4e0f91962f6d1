"""What an owner is told of where an opening would take the account, limit by limit."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from countersign_server.decimals import decimal_text, optional_decimal, optional_text


class Measure(StrEnum):
    """What the figures of a limit are."""

    LOSS = "loss"  # money lost since what the rule counts from, every stop hit
    MARGIN_LEVEL = "margin-level"  # percent; the limit is the least
    LEVERAGE = "leverage"
    LOTS = "lots"
    POSITIONS = "positions"
    CONDITION = "condition"  # no figures: it holds, or it does not
    ORDERS = "orders"  # within a minute
    MONEY_AT_RISK = "money-at-risk"  # at the opening's own stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Where an opening would take an account with one limit. None: there is no such figure."""

    reason: str  # public, permanent, upper-case: what a refusal by it is called
    rule: str
    measure: Measure
    now: Decimal | None
    after: Decimal | None
    limit: Decimal | None
    breaks: bool
    text: str  # for people


@dataclass(frozen=True, slots=True)
class Foresight:
    """Every figure, the gravest limit first. `read_at` None: the terminal was never read."""

    figures: tuple[Figure, ...]
    read_at: datetime | None
    is_stale: bool

    @property
    def refusal(self) -> Figure | None:
        """Return the first figure that is beyond its limit; None: none is."""
        return next((figure for figure in self.figures if figure.breaks), None)


# A figure, the account's currency, and what the opening loses at its own stop, in words.
Say = Callable[[Figure, str, Decimal | None], str]


def to_json(foresight: Foresight) -> dict[str, Any]:
    """Return it as it is stored: decimals as text."""
    return {
        "read_at": foresight.read_at and foresight.read_at.isoformat(),
        "is_stale": foresight.is_stale,
        "figures": [
            {
                name: optional_text(value) if isinstance(value, Decimal) else value
                for name, value in asdict(figure).items()
            }
            for figure in foresight.figures
        ],
    }


def from_json(stored: Mapping[str, Any]) -> Foresight:
    """Return what `to_json` gave."""
    return Foresight(
        figures=tuple(
            Figure(
                reason=one["reason"],
                rule=one["rule"],
                measure=Measure(one["measure"]),
                now=optional_decimal(one["now"] or ""),
                after=optional_decimal(one["after"] or ""),
                limit=optional_decimal(one["limit"] or ""),
                breaks=one["breaks"],
                text=one["text"],
            )
            for one in stored["figures"]
        ),
        read_at=datetime.fromisoformat(stored["read_at"]) if stored["read_at"] else None,
        is_stale=stored["is_stale"],
    )


def told(figure: Figure, *, currency: str, at_risk: Decimal | None) -> str:
    """Return a figure as a sentence that an owner can act on.

    `at_risk`: what the opening loses at its own stop; None: nobody can say.
    """
    said = _SAID[figure.measure](figure, currency, at_risk)
    # Rules are called as their policy calls them, daily-loss, or as a field, margin_level.
    rule = figure.rule.replace("-", " ").replace("_", " ")
    return f"would break {rule}: {said}" if figure.breaks else f"{rule}: {said}"


def _loss(figure: Figure, currency: str, at_risk: Decimal | None) -> str:
    risks = "" if at_risk is None else f", this risks {at_risk:.2f}"
    return (
        f"{_money(figure.now)} of {_money(figure.limit)} {currency} used{risks}; "
        f"{_money(figure.after)} with every stop hit"
    )


def _margin_level(figure: Figure, _: str, __: Decimal | None) -> str:
    return f"{_money(figure.after)} % after it, at least {_plain(figure.limit)} %"


def _leverage(figure: Figure, _: str, __: Decimal | None) -> str:
    after = "without equity" if figure.after is None else f"{_money(figure.after)} after it"
    return f"{after}, at most {_plain(figure.limit)}"


def _counted(unit: str) -> Say:
    def said(figure: Figure, _: str, __: Decimal | None) -> str:
        return f"{_plain(figure.after)} {unit} after it, at most {_plain(figure.limit)}"

    return said


def _money_at_risk(figure: Figure, currency: str, _: Decimal | None) -> str:
    limit = f"at most {_plain(figure.limit)} {currency}"
    if figure.after is None:
        return f"nobody can say what is lost at its stop, {limit}"
    return f"{_money(figure.after)} {currency} are lost at its stop, {limit}"


def _detail(figure: Figure, _: str, __: Decimal | None) -> str:
    return figure.text


_SAID: Mapping[Measure, Say] = {
    Measure.LOSS: _loss,
    Measure.MARGIN_LEVEL: _margin_level,
    Measure.LEVERAGE: _leverage,
    Measure.LOTS: _counted("lots"),
    Measure.POSITIONS: _counted("positions"),
    Measure.CONDITION: _detail,
    Measure.ORDERS: _counted("orders within a minute"),
    Measure.MONEY_AT_RISK: _money_at_risk,
}


def _money(value: Decimal | None) -> str:
    return "?" if value is None else f"{value:.2f}"


def _plain(value: Decimal | None) -> str:
    return "?" if value is None else decimal_text(value)
