"""The life of a command, from approval to outcome."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from countersign_server.errors import IllegalTransition


class CommandState(StrEnum):
    """Where a command stands."""

    APPROVED = "approved"  # no bridge has it
    OFFERED = "offered"  # a bridge may claim it
    GRANTED = "granted"  # the one permission to send it has been given
    EXECUTED = "executed"  # the terminal did all of it
    PARTIAL = "partial"  # the terminal did a part, and the rest will not come
    WORKING = "working"  # the broker has the order
    REJECTED = "rejected"  # refused, or declined by the bridge; no order exists
    IN_DOUBT = "in-doubt"  # the terminal may or may not have traded; never sent again
    PRESUMED_NOT_EXECUTED = "presumed-not-executed"  # nothing found for long enough; still watched
    REVOKED = "revoked"  # taken back before the grant
    EXPIRED = "expired"  # not granted in time
    NOT_SENT = "not-sent"  # granted, and definitely not sent


class CommandEvent(StrEnum):
    """What can happen to a command."""

    OFFER = "offer"
    GRANT = "grant"
    EXECUTE = "execute"
    FILL_PART = "fill-part"
    ACCEPT = "accept"
    REJECT = "reject"
    NOT_SEND = "not-send"
    DOUBT = "doubt"
    PRESUME = "presume"
    REVOKE = "revoke"
    EXPIRE = "expire"
    DECLINE = "decline"
    # A deal with the command's tag was seen. It is what happened, whatever was thought before.
    SHOW_ALL = "show-all"
    SHOW_PART = "show-part"


_S, _E = CommandState, CommandEvent

_AFTER_SENDING: Mapping[CommandEvent, CommandState] = {
    _E.EXECUTE: _S.EXECUTED,
    _E.FILL_PART: _S.PARTIAL,
    _E.ACCEPT: _S.WORKING,
    _E.REJECT: _S.REJECTED,
    _E.NOT_SEND: _S.NOT_SENT,
}

# What is believed until a deal shows otherwise. A deal moves each of them, and is an anomaly.
CONTRADICTED_BY_A_DEAL = frozenset(
    {
        _S.APPROVED,
        _S.OFFERED,
        _S.REJECTED,
        _S.NOT_SENT,
        _S.REVOKED,
        _S.EXPIRED,
        _S.PRESUMED_NOT_EXECUTED,
    }
)

TRANSITIONS: Mapping[tuple[CommandState, CommandEvent], CommandState] = MappingProxyType(
    {
        (_S.APPROVED, _E.OFFER): _S.OFFERED,
        # Offers may repeat: they permit nothing.
        (_S.OFFERED, _E.OFFER): _S.OFFERED,
        # The only way to GRANTED, and there is no way back to it: a second grant is a second order.
        (_S.OFFERED, _E.GRANT): _S.GRANTED,
        **{
            (state, event): after
            for state in (_S.APPROVED, _S.OFFERED)
            for event, after in (
                (_E.REVOKE, _S.REVOKED),
                (_E.EXPIRE, _S.EXPIRED),
                (_E.DECLINE, _S.REJECTED),
                # A restored backup may have lost the grant.
                (_E.DOUBT, _S.IN_DOUBT),
            )
        },
        **{(_S.GRANTED, event): after for event, after in _AFTER_SENDING.items()},
        (_S.GRANTED, _E.DOUBT): _S.IN_DOUBT,
        # Doubt ends with what the terminal shows, or with the bridge's own word that came late.
        **{(_S.IN_DOUBT, event): after for event, after in _AFTER_SENDING.items()},
        (_S.IN_DOUBT, _E.PRESUME): _S.PRESUMED_NOT_EXECUTED,
        **{(_S.PRESUMED_NOT_EXECUTED, event): after for event, after in _AFTER_SENDING.items()},
        (_S.WORKING, _E.EXECUTE): _S.EXECUTED,
        (_S.WORKING, _E.FILL_PART): _S.PARTIAL,
        (_S.WORKING, _E.REJECT): _S.REJECTED,
        (_S.WORKING, _E.DOUBT): _S.IN_DOUBT,
        **{(state, _E.SHOW_ALL): _S.EXECUTED for state in _S if state is not _S.EXECUTED},
        # A part may be followed by more while the order works; otherwise a part is what it is.
        **{(state, _E.SHOW_PART): _S.PARTIAL for state in CONTRADICTED_BY_A_DEAL},
        (_S.IN_DOUBT, _E.SHOW_PART): _S.WORKING,
        (_S.GRANTED, _E.SHOW_PART): _S.GRANTED,
        (_S.WORKING, _E.SHOW_PART): _S.WORKING,
    }
)

# May still come to be granted.
UNGRANTED = frozenset({_S.APPROVED, _S.OFFERED})
# A bridge or a person still has to say something.
OPEN = frozenset({_S.APPROVED, _S.OFFERED, _S.GRANTED, _S.WORKING, _S.IN_DOUBT})
# Nobody knows whether it traded.
DOUBTFUL = frozenset({_S.IN_DOUBT, _S.PRESUMED_NOT_EXECUTED})
# What a bridge's word of the end of an attempt says: that it traded, or that it did not.
SAYS_TRADED = frozenset({_E.EXECUTE, _E.FILL_PART, _E.ACCEPT})
_SAYS_NOT_TRADED = frozenset({_E.REJECT, _E.NOT_SEND})
_SHOWN_TRADED = frozenset({_S.EXECUTED, _S.PARTIAL, _S.WORKING})


def contradicts(state: CommandState, event: CommandEvent) -> bool:
    """Tell whether a bridge's word of an end says otherwise than the state does.

    Not knowing contradicts nothing, nor does what is known already, or better, from a deal.
    """
    if event in SAYS_TRADED:
        return state in CONTRADICTED_BY_A_DEAL
    return event in _SAYS_NOT_TRADED and state in _SHOWN_TRADED


def next_state(state: CommandState, event: CommandEvent) -> CommandState:
    """Return the state that `event` leads to, or raise IllegalTransition."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(
            f"a command that is {state} cannot {event}", state=state, event=event
        ) from None


def is_possible(state: CommandState, event: CommandEvent) -> bool:
    """Tell whether `event` may happen in `state`."""
    return (state, event) in TRANSITIONS


# Kinds of commands that make nothing larger.
REDUCING = frozenset({"close", "partial-close", "cancel", "modify"})
# Kinds of commands that may add exposure.
OPENING = frozenset({"open", "place"})
