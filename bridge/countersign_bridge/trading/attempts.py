"""The life of one attempt: claimed, granted once, sent at most once, ended by what shows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from countersign_bridge.clock import Moment
from countersign_bridge.intents import Intent
from countersign_bridge.trading.requests import RequestFields
from countersign_bridge.trading.verification import Offer


class AttemptState(StrEnum):
    """Where an attempt stands at the bridge."""

    INSPECTING = "inspecting"  # the terminal is being looked at
    CHECKING = "checking"  # the terminal is being asked whether it would take it
    CLAIMED = "claimed"  # the server has been asked; nothing may be sent
    ARMED = "armed"  # granted, written down; not sent
    SENDING = "sending"  # the one call is being made
    IN_DOUBT = "in-doubt"  # it may have been done; only the terminal can tell
    WITHDRAWN = "withdrawn"  # given up before any grant was seen
    CONCLUDED = "concluded"

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen to it any more."""
        return not any(state is self for state, _ in TRANSITIONS)


class AttemptEvent(StrEnum):
    """What can happen to an attempt."""

    INSPECT = "inspect"  # the terminal shows nothing against it
    CHECK = "check"  # the terminal would take it, and it is written down
    GRANT = "grant"  # granted in time, and the intent is on the disk
    SEND = "send"  # nothing has come between since
    ANSWER = "answer"  # the terminal answered clearly
    DOUBT = "doubt"  # the terminal did not answer, or not clearly
    FIND = "find"  # the terminal shows what became of it
    WITHDRAW = "withdraw"  # declined, denied, cancelled, or the session ended
    FORGO = "forgo"  # granted, and not sent


_S, _E = AttemptState, AttemptEvent
TRANSITIONS: Mapping[tuple[AttemptState, AttemptEvent], AttemptState] = MappingProxyType(
    {
        (_S.INSPECTING, _E.INSPECT): _S.CHECKING,
        (_S.INSPECTING, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.CHECKING, _E.CHECK): _S.CLAIMED,
        (_S.CHECKING, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.CLAIMED, _E.GRANT): _S.ARMED,
        (_S.CLAIMED, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.CLAIMED, _E.FORGO): _S.CONCLUDED,
        (_S.ARMED, _E.SEND): _S.SENDING,
        (_S.ARMED, _E.FORGO): _S.CONCLUDED,
        (_S.SENDING, _E.ANSWER): _S.CONCLUDED,
        # The last fence stands in the terminal process: it may still refuse, and then nothing went.
        (_S.SENDING, _E.FORGO): _S.CONCLUDED,
        (_S.SENDING, _E.DOUBT): _S.IN_DOUBT,
        # Doubt ends only with what the terminal shows. Nothing leads back to SENDING: sending again
        # is how an order gets filled twice.
        (_S.IN_DOUBT, _E.FIND): _S.CONCLUDED,
    }
)


class IllegalTransition(Exception):
    """The attempt is in no state for that event."""


def next_state(state: AttemptState, event: AttemptEvent) -> AttemptState:
    """Return the state that `event` leads to, or raise IllegalTransition."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"an attempt that is {state} cannot {event}") from None


@dataclass(frozen=True, slots=True)
class Grant:
    """The one permission to send, as it arrived."""

    grant_id: bytes
    valid_for: timedelta
    magic: int
    generation: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one command. What is None has not come yet."""

    offer: Offer
    intent: Intent
    state: AttemptState = AttemptState.INSPECTING
    fields: RequestFields | None = None
    bid: str = ""
    ask: str = ""
    claim_nonce: bytes = b""
    claimed_at: Moment | None = None
    grant: Grant | None = None
    sent_at: Moment | None = None
    cancelled: bool = False

    @property
    def key(self) -> tuple[str, int]:
        return self.offer.command_id, self.offer.attempt

    def after(self, event: AttemptEvent) -> "Attempt":
        """Return the attempt after `event`. Raises IllegalTransition."""
        return replace(self, state=next_state(self.state, event))


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What must hold at the moment an order is sent."""

    session_open: bool
    latch_lets: bool
    terminal_connected: bool
    account_is_ours: bool


def lapse_of(attempt: Attempt, grant: Grant, now: Moment) -> timedelta:
    """Return how far past its validity a grant is; negative: it holds for that long yet.

    Counted from the moment the claim was sent, so that no delay on the way stretches it.
    """
    if attempt.claimed_at is None:
        raise AssertionError("a grant answers a claim")
    return now.since(attempt.claimed_at) - grant.valid_for


def forgo_reason(  # noqa: PLR0911  # one return a reason
    attempt: Attempt, grant: Grant, circumstances: Circumstances, now: Moment
) -> str | None:
    """Return why a granted order must not be sent any more; None: it may.

    Asked before the intent is written, and again when it is on the disk, which may take any time.
    """
    if lapse_of(attempt, grant, now) >= timedelta(0):
        return "GRANT_LAPSED"
    if grant.magic != attempt.offer.magic:
        return "MAGIC_MISMATCH"
    if attempt.cancelled:
        return "CANCELLED"
    if not circumstances.account_is_ours:
        return "ACCOUNT_CHANGED"
    if not circumstances.latch_lets:
        return "HALTED"
    if not circumstances.session_open:
        return "SESSION_LOST"
    return None if circumstances.terminal_connected else "TERMINAL_DISCONNECTED"
