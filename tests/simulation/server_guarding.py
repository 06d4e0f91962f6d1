"""Whether the server's guard and the switches do what they say: judged as we go."""

from collections.abc import Callable, Mapping, Sequence

from countersign_bridge.journal.recovery import recall
from countersign_guards.latch import Latch, TradingState
from countersign_server.audit.entries import Entry
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import DOUBTFUL, OPENING
from tests.simulation.brokerage import Brokerage
from tests.simulation.guarding import latch_on
from tests.simulation.kernel import Kernel
from tests.simulation.ledger import Ledger
from tests.simulation.machine import Disk

SERVER_GUARD_INVARIANTS: Mapping[str, str] = {
    "G6": "nothing that opens is granted while the server's guard has latched or a switch holds",
    "G7": "what the server's guard has done by commands closes or cancels, and opens nothing",
    "G8": "what the server's guard or a switch began to close is closed when everything is mended",
    "G9": "server and bridge hold the same latch when everything is mended",
    "G10": "a latch of the server outlives its deaths; only a person's word makes it milder",
}
_CLOSING = frozenset({"close", "cancel"})


class ServerGuardWatch:
    """Sees what the server's guards have told, and what they remember."""

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
        self._latch = Latch()
        self._switches = 0
        # What a database that went back must learn again from the bridge; None: nothing.
        self._owed: Latch | None = None

    def committed(self, entries: Sequence[Entry]) -> None:
        """Judge what has become durable."""
        for entry in entries:
            facts = entry.after or {}
            if entry.kind.startswith(("guard.", "kill_switch.")):
                self._kernel.note("guards", entry.kind, facts.get("side", ""), _state_of(facts))
            if entry.kind == "kill_switch.pulled":
                self._switches += 1
            elif entry.kind == "kill_switch.released":
                self._switches -= 1
        before, now = self._latch, self._remembered()
        if not _may_follow(before, now):
            self._violated("G10", f"{_named(before)} became {_named(now)}")
        self._latch = now

    def granted(self, command: Command) -> None:
        """Judge a grant by what was durable before it."""
        if command.kind not in OPENING:
            return
        if not self._latch.state.may_open:
            self._violated("G6", f"{command.id} was granted, the latch is {self._latch.state}")
        if self._switches:
            self._violated("G6", f"{command.id} was granted under {self._switches} switches")

    def closes(self, command: Command) -> None:
        """Judge a command of the guard's own."""
        if command.kind not in _CLOSING:
            self._violated("G7", f"{command.id} is to {command.kind}")

    def restored(self, disk: Disk) -> None:
        """Learn that the database has gone back; what the bridge has written down it has not."""
        latch = latch_on(disk)
        self._owed = self._latch if _may_follow(self._latch, latch) else None
        self._latch, self._switches = self._remembered(), len(self._books.switches())

    def is_over(self, disk: Disk) -> bool:
        """Whether nothing is being closed, and both sides tell the same."""
        return not self._unclosed() and not self._apart(disk)

    def finish(self, disk: Disk, *, forgetful: bool) -> None:
        """Judge the whole. `forgetful`: a disk went back as well."""
        if unclosed := self._unclosed():
            self._violated("G8", unclosed)
        if apart := self._apart(disk):
            self._violated("G9", apart)
        owed = self._owed
        if owed is not None and not forgetful and not _may_follow(owed, self._latch):
            self._violated("G10", f"{_named(owed)} is forgotten: it is {_named(self._latch)}")

    def _remembered(self) -> Latch:
        guard = self._books.guard()
        return guard.state.latch if guard else Latch()

    def _unclosed(self) -> str:
        """Return what is still to be closed; empty: nothing."""
        state, latch = self._books.account().trading_state, self._latch.state
        alert = self._books.alert()
        if (alert or TradingState.FLATTENING in (state, latch)) and not self._is_left_to_a_person():
            going_on = alert.trip if alert else "no closing"
            return f"the account is {state}, the latch {latch}, {going_on} goes on"
        return ""

    def _is_left_to_a_person(self) -> bool:
        """Whether everything is closed, and nobody but a person can say that nothing is to come."""
        return self._is_flat() and any(not one.settled_as for one in self._doubts())

    def _is_flat(self) -> bool:
        """Whether nothing is open that the server can know of.

        It is shown every position, and no pending order: one whose command a restored database has
        forgotten only the bridge's own guard sees.
        """
        account, known = self._brokerage.account, {one.magic for one in self._books.commands()}
        orders = [one for one in account.orders.values() if one.magic in known]
        return not (account.positions or orders)

    def _doubts(self) -> list[Command]:
        """Return the openings of which nobody knows, whatever a person has said of them."""
        commands = self._books.commands()
        return [one for one in commands if one.kind in OPENING and one.state in DOUBTFUL]

    def _apart(self, disk: Disk) -> str:
        """Return how the two sides differ; empty: not at all."""
        theirs, ours = latch_on(disk), self._latch
        if (theirs.state, theirs.resets) == (ours.state, ours.resets):
            return ""
        closes = {TradingState.FLATTENING, TradingState.HALTED}
        is_closing = {theirs.state, ours.state} == closes and theirs.resets == ours.resets
        doubts = self._doubts() or recall(disk.records()).unresolved()
        if is_closing and self._is_flat() and doubts:
            return ""  # each waits in its own way for what a doubt may still open
        return f"the bridge holds {_named(theirs)}, the server {_named(ours)}"


def _may_follow(before: Latch, after: Latch) -> bool:
    """Whether nothing was let go but by a person's word, or by being flat."""
    if after.resets != before.resets:
        return after.resets > before.resets
    is_over = before.state is TradingState.FLATTENING and after.state is TradingState.HALTED
    return is_over or after.state.severity >= before.state.severity


def _named(latch: Latch) -> str:
    return f"{latch.state} ({latch.cause or 'nothing'}, {latch.resets} resets)"


def _state_of(facts: Mapping[str, object]) -> object:
    latch = facts.get("latch")
    return latch.get("state", "") if isinstance(latch, dict) else facts.get("state", "")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
