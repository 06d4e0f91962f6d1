"""Whether the guard beside the terminal does what it says and nothing else: judged as we go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from countersign.v1 import execution_pb2 as pb
from countersign_bridge.journal.records import Record, RecordKind
from countersign_bridge.journal.recovery import recall
from countersign_bridge.terminal.jobs import Send
from countersign_bridge.trading.requests import RequestFields
from countersign_guards.latch import Latch, TradingState
from countersign_guards.state_text import parse_state
from mt5_simulator.broker.broker import Received
from mt5_simulator.broker.codes import Action, Entry
from tests.simulation.brokerage import Brokerage
from tests.simulation.kernel import Kernel
from tests.simulation.ledger import Ledger
from tests.simulation.machine import Disk

GUARD_INVARIANTS: Mapping[str, str] = {
    "G1": "at most one order of an attempt of the guard's own reaches the broker",
    "G2": "what the guard sends by itself closes or cancels, and opens nothing",
    "G3": "nothing that opens leaves for a terminal beside which a guard has latched",
    "G4": "what a guard began to close is closed when everything is mended",
    "G5": "the server has been told of everything that the guard did",
}


@dataclass(slots=True)
class _Own:
    """An attempt that a guard wrote down."""

    attempt_id: str
    sent: list[Received] = field(default_factory=list[Received])


class GuardWatch:
    """Sees what bridges write down, what leaves for terminals, and what reaches the broker."""

    def __init__(
        self,
        kernel: Kernel,
        books: Ledger,
        brokerage: Brokerage,
        violated: Callable[[str, str], None],
    ) -> None:
        self._kernel = kernel
        self._books = books
        self._brokerage = brokerage
        self._violated = violated
        self._own: dict[int, _Own] = {}

    def written(self, record: Record) -> None:
        """Learn what a guard has written down."""
        if record.kind is RecordKind.GUARD:
            self._kernel.note("guard", record.details["did"], record.details["state"])
        elif record.kind is RecordKind.CLOSING:
            self._kernel.note("guard", "closes", record.details["target"])
            self._own.setdefault(record.details["magic"], _Own(record.command_id))

    def knows(self, magic: int) -> bool:
        return magic in self._own

    def sent(self, received: Received) -> None:
        """Judge a request of a guard's own that has reached the broker."""
        own = self._own[received.request.magic]
        own.sent.append(received)
        if len(own.sent) > 1:
            self._violated("G1", f"{own.attempt_id} was sent {len(own.sent)} times")

    def sending(self, fields: RequestFields) -> None:
        """Judge a request of a guard's own as the terminal was given it."""
        closes = fields["action"] == Action.DEAL and fields.get("position")
        if not closes and fields["action"] != Action.REMOVE:
            self._violated("G2", f"{dict(fields)} was sent")

    def leaving(self, disk: Disk, send: Send) -> None:
        """Judge an order that goes to a terminal by what the disk beside it has of the latch."""
        latch = latch_on(disk)
        if not send.closes and not latch.state.may_open:
            self._violated("G3", f"{send.fields['magic']} left while the guard is {latch.state}")

    def is_over(self, disk: Disk, *, forgetful: bool) -> bool:
        """Whether the guard has closed what it began to close, and has told of it."""
        return self._is_closed(disk) and (forgetful or not self._untold(disk))

    def finish(self, disk: Disk, *, forgetful: bool) -> None:
        """Judge the whole. `forgetful`: a database or a disk went back, and may know of less."""
        for magic, own in self._own.items():
            if self._brokerage.trades_of(magic, Entry.IN):
                self._violated("G2", f"{own.attempt_id} opened something")
        if not self._is_closed(disk):
            self._violated("G4", "something is still open, and the guard still closes")
        untold = [] if forgetful else self._untold(disk)
        if untold:
            self._violated("G5", f"the server was not told of {untold}")

    def _is_closed(self, disk: Disk) -> bool:
        """Whether nothing is open while the guard closes; a doubt may keep it doing so."""
        account = self._brokerage.account
        return not _is_flattening(disk) or not (account.positions or account.orders)

    def _untold(self, disk: Disk) -> list[str]:
        """Return the names of what the disk has to tell of the guard and the server has not got."""
        told = self._books.report_keys()
        return sorted(_names(disk) - told)


def _is_flattening(disk: Disk) -> bool:
    return latch_on(disk).state is TradingState.FLATTENING


def latch_on(disk: Disk) -> Latch:
    """Return what a disk has of the latch of the guard beside it."""
    memory = recall(disk.records()).guard_memory
    return parse_state(memory).latch if memory else Latch()


def _names(disk: Disk) -> set[str]:
    kinds = (RecordKind.GUARD, RecordKind.CLOSING, RecordKind.CLOSED)
    told = (kept.record.event for kept in disk.records() if kept.record.kind in kinds)
    return {pb.Event.FromString(event).natural_key for event in told if event}
