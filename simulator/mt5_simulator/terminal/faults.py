"""What can go wrong between a program and its fill, as values.

A fault is set on a terminal and stays until it has struck `count` times. Some strike calls, some
change what the broker does with a request, some are states that last until they are cleared.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from mt5_simulator.broker.codes import Retcode
from mt5_simulator.broker.levels import parsed_levels
from mt5_simulator.broker.records import COMMENT_MAX
from mt5_simulator.face.docs import DOCS


class FaultKind(StrEnum):
    """What goes wrong."""

    # The request never reaches the broker.
    SEND_FAILED = "send_failed"  # None, -10001
    NO_CONNECTION = "no_connection"  # None, -10004
    # The broker executes, and the program does not learn it.
    REPLY_LOST = "reply_lost"  # None, -10002; the reply was never read
    OUT_OF_STEP = "out_of_step"  # None, -10000 until the next initialize
    HANG = "hang"  # no answer for `seconds`; zero means never
    # The broker answers something else than it does.
    DOUBTFUL = "doubtful"  # `retcode` (10012 by default), executed as `executes` says
    PLACED = "placed"  # 10008, then filled or cancelled as `executes` says
    DEAL_HIDDEN = "deal_hidden"  # 10009 with deal 0; the deal shows after `seconds`
    # The broker declines or alters.
    REJECT = "reject"  # `retcode` (10004 by default), not executed
    PARTIAL = "partial"  # only `text` of it is there: "0.01@0 0.02@3", lots at points worse
    OVERFILL = "overfill"  # one volume step too many
    COMMENT_REWRITTEN = "comment_rewritten"  # the order and its deals carry `text` instead
    # The terminal answers wrongly.
    NO_ANSWER = "no_answer"  # None, -1; False and -10005 from initialize and login
    # States, until cleared.
    AUTOTRADING_OFF = "autotrading_off"  # 10027
    API_DISABLED = "api_disabled"  # None, -8
    INVESTOR = "investor"  # logged in with the investor password: trade_allowed is false
    DISCONNECTED = "disconnected"  # the view freezes, sends answer 10031
    LAG = "lag"  # the view is `seconds` old


STATES = frozenset(
    {
        FaultKind.AUTOTRADING_OFF,
        FaultKind.API_DISABLED,
        FaultKind.INVESTOR,
        FaultKind.DISCONNECTED,
        FaultKind.LAG,
    }
)

ACCEPTED = frozenset({Retcode.PLACED, Retcode.DONE, Retcode.DONE_PARTIAL})
ANSWERS_A_CODE = (FaultKind.DOUBTFUL, FaultKind.REJECT)
TAKES_A_TEXT = (FaultKind.PARTIAL, FaultKind.COMMENT_REWRITTEN)
OF_ANY_CALL = frozenset(
    {
        FaultKind.SEND_FAILED,
        FaultKind.NO_CONNECTION,
        FaultKind.REPLY_LOST,
        FaultKind.OUT_OF_STEP,
        FaultKind.HANG,
        FaultKind.NO_ANSWER,
    }
)

SECONDS_MAX = 7 * 24 * 3600.0
COUNT_MAX = 1_000_000


class Executes(StrEnum):
    """Whether a request is carried out although the answer does not say so."""

    NOW = "now"
    LATER = "later"  # after the fault's `seconds`
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, `count` times. Zero `count` means every time until cleared.

    `call` is the function it strikes; what happens to a request can only strike `order_send`.
    """

    kind: FaultKind
    count: int = 1
    seconds: float = 0.0
    executes: Executes = Executes.NOW
    retcode: int = 0
    call: str = "order_send"
    text: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.count <= COUNT_MAX:
            raise ValueError(f"count must be between 0 and {COUNT_MAX}, not {self.count}")
        if not 0.0 <= self.seconds <= SECONDS_MAX:
            raise ValueError(f"seconds must be between 0 and {SECONDS_MAX:.0f}, not {self.seconds}")
        self._refuse_retcode()
        self._refuse_text()
        if self.call not in DOCS:
            raise ValueError(f"call must be a function of the package, not {self.call!r}")
        if self.call != "order_send" and self.kind not in OF_ANY_CALL:
            raise ValueError(f"call must be order_send for {self.kind}, not {self.call}")

    def _refuse_retcode(self) -> None:
        if self.retcode and self.retcode not in frozenset(Retcode):
            raise ValueError(f"retcode must be one of the trade server's, not {self.retcode}")
        if self.retcode and self.kind not in ANSWERS_A_CODE:
            raise ValueError(f"retcode is for {' and '.join(ANSWERS_A_CODE)}, not for {self.kind}")
        if self.retcode in ACCEPTED:
            raise ValueError(f"retcode of {self.kind} cannot be {self.retcode}: that is a yes")

    def _refuse_text(self) -> None:
        if self.text and self.kind not in TAKES_A_TEXT:
            raise ValueError(f"text is for {' and '.join(TAKES_A_TEXT)}, not for {self.kind}")
        if self.kind is FaultKind.COMMENT_REWRITTEN and len(self.text) > COMMENT_MAX:
            raise ValueError(
                f"text must have at most {COMMENT_MAX} characters, which is what a server keeps of "
                f"a comment, not {len(self.text)}"
            )
        if self.kind is FaultKind.PARTIAL and not parsed_levels(self.text):
            raise ValueError('text must name what the market holds, such as "0.01@0 0.02@3"')

    @property
    def delay(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    @property
    def wait_seconds(self) -> float | None:
        """How long a call is kept waiting; None means for ever."""
        return (self.seconds or None) if self.kind is FaultKind.HANG else 0.0

    @property
    def is_state(self) -> bool:
        """Whether it describes the terminal rather than a number of calls."""
        return self.kind in STATES


class Faults:
    """The faults set on a terminal, in the order they were set."""

    def __init__(self) -> None:
        self._set: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._set)

    def add(self, fault: Fault) -> None:
        """Set a fault. A state replaces the same state set before."""
        if fault.is_state:
            self.clear(fault.kind)
        self._set.append(fault)

    def clear(self, kind: FaultKind | None = None) -> None:
        """Clear one kind of fault, or all."""
        self._set = [fault for fault in self._set if kind is not None and fault.kind is not kind]

    def state(self, kind: FaultKind) -> Fault | None:
        """Return the state of that kind, if the terminal is in it."""
        return next((fault for fault in self._set if fault.kind is kind), None)

    def strike(self, call: str) -> Fault | None:
        """Return the first fault that strikes `call`, and use up one of its counts.

        None when nothing is set for it.
        """
        for index, fault in enumerate(self._set):
            if fault.is_state or fault.call != call:
                continue
            if fault.count == 1:
                del self._set[index]
            elif fault.count:
                self._set[index] = replace(fault, count=fault.count - 1)
            return fault
        return None
