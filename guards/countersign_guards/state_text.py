"""A guard's memory as text, so that a restart forgets nothing that holds."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from countersign_guards.latch import Latch, TradingState
from countersign_guards.references import Seen, Track
from countersign_guards.standing import Standing
from countersign_guards.state import Countdown, GuardState, QuoteMark, Watch
from countersign_guards.view import QuoteView

_FORMAT = 1
_Plain = Mapping[str, Any]
Given = TypeVar("Given")
Value = TypeVar("Value")


class StateUnreadable(ValueError):
    """The text is no memory of a guard, or of a later version."""


def state_text(state: GuardState) -> str:
    """Return what must survive a restart.

    Quotes and half-sure breaches are left out: what still holds shows again within seconds.
    """
    return _text_of(_lasting(state))


def whole_state_text(state: GuardState) -> str:
    """Return everything, for who forgets between two events: processes that take turns."""
    fleeting = {
        "watches": [_watch_plain(one) for one in state.watches.values()],
        "quotes": [_mark_plain(one) for one in state.quotes.values()],
    }
    return _text_of({**_lasting(state), **fleeting})


def _lasting(state: GuardState) -> _Plain:
    return {
        "format": _FORMAT,
        "latch": _latch_plain(state.latch),
        "initial_balance": _text(state.initial_balance),
        "seen": state.seen and _seen_plain(state.seen),
        "unsettled_since": _moment_text(state.unsettled_since),
        "tracks": [_track_plain(one) for one in state.tracks.values()],
        "standings": [_standing_plain(one) for one in state.standings.values()],
        "warned": sorted(state.warned),
        "countdown": state.countdown and _countdown_plain(state.countdown),
        "closed": sorted(state.closed),
    }


def _text_of(plain: _Plain) -> str:
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def parse_state(text: str) -> GuardState:
    """Return the memory that one of these wrote. Raises StateUnreadable."""
    try:
        return _state(json.loads(text))
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise StateUnreadable(f"a guard's memory cannot be read: {error!r}") from error


def _state(plain: _Plain) -> GuardState:
    if plain["format"] != _FORMAT:
        raise ValueError(f"format {plain['format']}")
    tracks = [_track(one) for one in plain["tracks"]]
    standings = [_standing(one) for one in plain["standings"]]
    watches = [_watch(one) for one in plain.get("watches", ())]
    marks = [_mark(one) for one in plain.get("quotes", ())]
    latch = _latch(plain["latch"])
    # Before it was kept, nothing that a halt followed on could close anything again.
    closed = [latch.cause] if latch.state is TradingState.HALTED else []
    return GuardState(
        latch=latch,
        initial_balance=_maybe(Decimal, plain["initial_balance"]),
        seen=_maybe(_seen, plain["seen"]),
        unsettled_since=_maybe(_moment, plain["unsettled_since"]),
        tracks={one.rule_id: one for one in tracks},
        standings={one.rule_id: one for one in standings},
        warned=frozenset(plain["warned"]),
        countdown=_maybe(_countdown, plain["countdown"]),
        watches={one.worst.rule_id: one for one in watches},
        quotes={one.quote.symbol: one for one in marks},
        closed=frozenset(plain.get("closed", closed)),
    )


def _latch_plain(latch: Latch) -> _Plain:
    return {
        "state": latch.state,
        "cause": latch.cause,
        "reason": latch.reason,
        "by": latch.by,
        "since": _moment_text(latch.since),
        "resets": latch.resets,
        "called_off": sorted(latch.called_off),
    }


def _latch(plain: _Plain) -> Latch:
    return Latch(
        TradingState(plain["state"]),
        cause=plain["cause"],
        reason=plain["reason"],
        by=plain["by"],
        since=_maybe(_moment, plain["since"]),
        resets=plain["resets"],
        called_off=frozenset(plain["called_off"]),
    )


def _seen_plain(seen: Seen) -> _Plain:
    return {
        "at": _moment_text(seen.at),
        "balance": str(seen.balance),
        "equity": str(seen.equity),
        "net_deposits": _text(seen.net_deposits),
    }


def _seen(plain: _Plain) -> Seen:
    return Seen(
        _moment(plain["at"]),
        Decimal(plain["balance"]),
        Decimal(plain["equity"]),
        _maybe(Decimal, plain["net_deposits"]),
    )


def _track_plain(track: Track) -> _Plain:
    return {
        "rule_id": track.rule_id,
        "reference": str(track.reference),
        "since": _moment_text(track.since),
        "day": track.day and track.day.isoformat(),
    }


def _track(plain: _Plain) -> Track:
    return Track(
        plain["rule_id"],
        Decimal(plain["reference"]),
        _moment(plain["since"]),
        _maybe(date.fromisoformat, plain["day"]),
    )


def _standing_plain(standing: Standing) -> _Plain:
    return {
        "rule_id": standing.rule_id,
        "value": str(standing.value),
        "reference": str(standing.reference),
        "floor": str(standing.floor),
        "share": str(standing.share),
    }


def _standing(plain: _Plain) -> Standing:
    return Standing(
        plain["rule_id"],
        value=Decimal(plain["value"]),
        reference=Decimal(plain["reference"]),
        floor=Decimal(plain["floor"]),
        share=Decimal(plain["share"]),
    )


def _countdown_plain(countdown: Countdown) -> _Plain:
    return {
        "rule_id": countdown.rule_id,
        "announced_at": _moment_text(countdown.announced_at),
        "closes_at": _moment_text(countdown.closes_at),
        "evidence": _standing_plain(countdown.evidence),
    }


def _countdown(plain: _Plain) -> Countdown:
    return Countdown(
        plain["rule_id"],
        _moment(plain["announced_at"]),
        _moment(plain["closes_at"]),
        _standing(plain["evidence"]),
    )


def _watch_plain(watch: Watch) -> _Plain:
    return {
        "since": _moment_text(watch.since),
        "views": watch.views,
        "worst": _standing_plain(watch.worst),
        "clear_since": _moment_text(watch.clear_since),
        "clear_views": watch.clear_views,
    }


def _watch(plain: _Plain) -> Watch:
    return Watch(
        since=_moment(plain["since"]),
        views=plain["views"],
        worst=_standing(plain["worst"]),
        clear_since=_maybe(_moment, plain["clear_since"]),
        clear_views=plain["clear_views"],
    )


def _mark_plain(mark: QuoteMark) -> _Plain:
    quote = mark.quote
    return {
        "symbol": quote.symbol,
        "at": _moment_text(quote.at),
        "bid": str(quote.bid),
        "ask": str(quote.ask),
        "session_open": quote.session_open,
        "gap_at": _moment_text(mark.gap_at),
    }


def _mark(plain: _Plain) -> QuoteMark:
    quote = QuoteView(
        plain["symbol"],
        _moment(plain["at"]),
        bid=Decimal(plain["bid"]),
        ask=Decimal(plain["ask"]),
        session_open=plain["session_open"],
    )
    return QuoteMark(quote, _maybe(_moment, plain["gap_at"]))


def _maybe(read: Callable[[Given], Value], given: Given | None) -> Value | None:
    return None if given is None else read(given)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
