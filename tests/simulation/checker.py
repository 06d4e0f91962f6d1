"""Whether what people were told is what the broker's books say: the invariants, checked as we go.

The numbers are those of the protocol's design; `INVARIANTS` says what each means here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from countersign_bridge.intents import Intent, Kind, Side as Way, parse_intent
from countersign_bridge.trading.requests import RequestFields
from countersign_server.audit.entries import Entry as Told
from countersign_server.execution.command import Command
from countersign_server.execution.grants import MAY_OPEN, MAY_REDUCE
from countersign_server.execution.lifecycle import REDUCING, CommandState
from countersign_server.execution.settlement import holds_back
from mt5_simulator.broker.broker import Received
from mt5_simulator.broker.codes import Action, Entry, OrderType, Reason, Retcode, Side
from tests.simulation.brokerage import LOGIN, Brokerage
from tests.simulation.guarding import GUARD_INVARIANTS, GuardWatch
from tests.simulation.kernel import Kernel
from tests.simulation.ledger import Ledger
from tests.simulation.machine import Disk
from tests.simulation.server_guarding import SERVER_GUARD_INVARIANTS, ServerGuardWatch

INVARIANTS: Mapping[str, str] = {
    "I1": "at most one order of an attempt reaches the broker",
    "I2": "an attempt is granted at most once",
    "I3": "of what was shown as revoked or expired nothing is sent",
    "I4": "what was shown as not done was not done, and what was shown as done was",
    "I5": "every order is sent under a grant and while it is valid",
    "I6": "nothing is granted at or after its expiry",
    "I7": "when everything is mended, no command stays unsettled",
    "I8": "every deal of the broker reaches the ledger, as it was",
    "I9": "the ledger has every deal once, and a command's fill is that of its deals",
    "I10": "the ledger adds up to the balance",
    "I11": "no row belongs to another owner than its account",
    "I12": "what is sent is what was approved",
    "I13": "nothing is granted that the account's trading state forbids",
    "I14": "what the audit has told is never changed or taken back",
    "HOLD": "nothing is opened beside an unsettled doubt of the same symbol and side",
    "ALARM": "no alarm says that a result contradicts a command of which nothing was forgotten",
    "ERROR": "no decision breaks off with an error that nobody foresaw",
    **GUARD_INVARIANTS,
    **SERVER_GUARD_INVARIANTS,
}
_NEVER_SENT = (CommandState.REVOKED, CommandState.EXPIRED)
# Presumed is a guess in words only: no delay of a broker here is as long as the patience before it.
_NOT_DONE = (
    *_NEVER_SENT,
    *(CommandState.REJECTED, CommandState.NOT_SENT, CommandState.PRESUMED_NOT_EXECUTED),
)
_SETTLED = (*_NOT_DONE, CommandState.EXECUTED, CommandState.PARTIAL)
VALIDITY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that did not hold."""

    invariant: str
    detail: str
    at: float


@dataclass(slots=True)
class Known:
    """A command as people know it, whatever any database remembers."""

    expires_at: datetime
    intent: Intent
    magic: int
    shown: set[CommandState] = field(default_factory=set[CommandState])
    granted_at: float | None = None
    sent: list[Received] = field(default_factory=list[Received])


class Checker:
    """Sees every commit and every request at the broker."""

    def __init__(self, kernel: Kernel, books: Ledger, brokerage: Brokerage) -> None:
        self.violations: list[Violation] = []
        self.commands: dict[UUID, Known] = {}
        # After a restore, or with a machine that forgets, contradictions are there to be told.
        self.is_confused = False
        self._kernel = kernel
        self._books = books
        self._brokerage = brokerage
        self._by_magic: dict[int, Known] = {}
        self._audit: list[Told] = []
        brokerage.watch = self.sent
        self.guards = GuardWatch(kernel, books, brokerage, self._break)
        self.server_guards = ServerGuardWatch(kernel, books, brokerage, self._break)

    def issued(self, command: Command) -> None:
        """Learn of a command that somebody has approved, as it was approved."""
        if command.id not in self.commands:
            intent = parse_intent(command.intent_text)
            known = Known(command.expires_at, intent, command.magic)
            self.commands[command.id] = known
            self._by_magic[command.magic] = known

    def committed(self, entries: Sequence[Told]) -> None:
        """Judge what has become durable, and so may be shown to anyone from now on."""
        self._audit.extend(entries)
        for entry in entries:
            if _is_alarm(entry) and not self.is_confused:
                self._break("ALARM", f"{entry.subject}: {entry.after}")
            if entry.command_id is None or not entry.kind.startswith("command."):
                continue
            command = self._books.command(entry.command_id)
            if (
                command is not None
                and command.approval_id is None
                and command.settlement_id is None
            ):
                self.issued(command)
                self.server_guards.closes(command)
            known = self.commands.get(entry.command_id)
            if command is None or known is None:
                continue
            self._kernel.note("book", command.state, str(command.id)[-6:], command.reason)
            if entry.kind == "command.granted":
                self._granted(command, known)
                self.server_guards.granted(command)
            self._shown(command.state, known)
        self.server_guards.committed(entries)

    def sent(self, received: Received) -> None:
        """Judge a request that has reached the broker."""
        magic = received.request.magic
        retcode = received.answer.retcode if received.answer else None
        self._kernel.note("broker", "receives", magic, "put off" if retcode is None else retcode)
        if received.request.reason is Reason.MOBILE:
            return  # a person's own
        if self.guards.knows(magic):
            self.guards.sent(received)
            return
        known = self._by_magic.get(magic)
        if known is None:
            self._break("I5", f"an order with the tag {magic} that is no command's")
            return
        known.sent.append(received)
        if received.login != LOGIN:
            self._break("I12", f"{_name(known)} was sent to the account {received.login}")
        if len(known.sent) > 1:
            self._break("I1", f"{_name(known)} was sent {len(known.sent)} times")
        if known.granted_at is None:
            self._break("I5", f"{_name(known)} was sent without a grant")
        elif self._kernel.seconds > known.granted_at + VALIDITY.total_seconds():
            late = self._kernel.seconds - known.granted_at
            self._break("I5", f"{_name(known)} was sent {late:.3f} s after its grant")
        told = known.shown & set(_NEVER_SENT)
        if told:
            self._break("I3", f"{_name(known)} was sent and had been shown as {sorted(told)}")

    def sending(self, fields: RequestFields) -> None:
        """Judge a request as the terminal was given it, before any broker alters it."""
        if self.guards.knows(int(fields["magic"])):
            self.guards.sending(fields)
            return
        known = self._by_magic.get(int(fields["magic"]))
        difference = _difference(fields, known.intent) if known else ""
        if known and not difference:
            difference = _out_of_band(known.intent, *self._brokerage.prices)
        if known and difference:
            self._break("I12", f"{_name(known)}: {difference}")

    def restored(self, disk: Disk) -> None:
        """Learn that the database has gone back: what came after the backup is not in it."""
        self._audit = self._books.audit()
        self.server_guards.restored(disk)

    def finish(self, *, healed: bool) -> None:
        """Judge the whole, at the end. `healed`: everything has been mended for long enough."""
        self._brokerage.advance()
        for command_id, known in self.commands.items():
            self._judge(known)
            command = self._books.command(command_id)
            if command is not None and healed:
                self._judge_state(command, known)
        if healed:
            self._judge_ledger()
        if self._books.audit() != self._audit:
            self._break("I14", "the audit is not what it was")
        self._judge_owners()

    def is_settled(self) -> bool:
        """Whether nothing is left to be found out."""
        commands = (self._books.command(command_id) for command_id in self.commands)
        return (
            self._brokerage.is_quiet
            and all(command is None or self._is_settled(command) for command in commands)
            and self._books.deals().keys() == self._brokerage.account.deals.keys()
        )

    def error(self, what: str) -> None:
        self._break("ERROR", what)

    def _is_settled(self, command: Command) -> bool:
        if command.state in _SETTLED:
            return True
        return command.state is CommandState.WORKING and self._brokerage.may_still_trade(
            command.magic
        )

    def _granted(self, command: Command, known: Known) -> None:
        if known.granted_at is not None:
            self._break("I2", f"{_name(known)} was granted again")
        known.granted_at = self._kernel.seconds
        if self._kernel.now() >= known.expires_at:
            self._break("I6", f"{_name(known)} was granted after its expiry")
        state = self._books.account().trading_state
        if state not in (MAY_REDUCE if command.kind in REDUCING else MAY_OPEN):
            self._break("I13", f"{_name(known)} was granted while the account is {state}")

        for other in self._books.commands():
            if other.id != command.id and holds_back(other, command):
                self._break("HOLD", f"{_name(known)} was granted beside {other.id} in doubt")

    def _shown(self, state: CommandState, known: Known) -> None:
        known.shown.add(state)
        if state in _NEVER_SENT and known.sent:
            self._break("I3", f"{_name(known)} is shown as {state} and was sent")
        if state in _NOT_DONE and (
            self._traded(known) or self._brokerage.may_still_trade(known.magic)
        ):
            self._break("I4", f"{_name(known)} is shown as {state} and was done")
        if state in (CommandState.EXECUTED, CommandState.PARTIAL) and not self._is_done(known):
            self._break("I4", f"{_name(known)} is shown as {state} and was not done")

    def _judge(self, known: Known) -> None:
        told = known.shown & set(_NOT_DONE)
        if told and self._traded(known):
            self._break("I4", f"{_name(known)} was shown as {sorted(told)} and was done")

    def _judge_state(self, command: Command, known: Known) -> None:
        if not self._is_settled(command):
            self._break("I7", f"{_name(known)} is still {command.state}")
            return
        traded = self._traded(known)
        asked = known.sent[0].request.volume if known.sent else Decimal(0)
        if command.filled_volume != traded:
            self._break(
                "I9", f"{_name(known)}: {command.filled_volume} in the book, {traded} dealt"
            )
        if not known.intent.kind.has_price:
            return
        if command.state is CommandState.EXECUTED and traded < asked:
            self._break("I4", f"{_name(known)} is executed with {traded} of {asked} lots")
        if traded and command.state not in (
            *(CommandState.EXECUTED, CommandState.PARTIAL, CommandState.WORKING),
        ):
            self._break("I4", f"{_name(known)} is {command.state} with {traded} lots dealt")

    def _judge_ledger(self) -> None:
        truth = self._brokerage.account.deals
        ledger = self._books.deals()
        for ticket, deal in truth.items():
            if ticket not in ledger:
                self._break("I8", f"deal {ticket} is not in the ledger")
            elif (ledger[ticket].volume, ledger[ticket].price) != (deal.volume, deal.price):
                self._break("I8", f"deal {ticket} is in the ledger as another")
        for ticket in ledger.keys() - truth.keys():
            self._break("I9", f"deal {ticket} is in the ledger and not at the broker")
        total = sum(
            (deal.profit + deal.commission + deal.swap + deal.fee for deal in ledger.values()),
            Decimal(0),
        )
        if total != self._brokerage.account.balance:
            self._break("I10", f"the ledger adds up to {total}, the balance is another")

    def _judge_owners(self) -> None:
        strangers = self._books.rows_of_strangers()
        if strangers:
            self._break("I11", f"{strangers} rows belong to another owner")

    def _traded(self, known: Known) -> Decimal:
        """Return the lots that the broker dealt for a command."""
        entry = Entry.IN if known.intent.kind in (Kind.OPEN, Kind.PLACE) else Entry.OUT
        deals = self._brokerage.trades_of(known.magic, entry)
        return sum((deal.volume for deal in deals), Decimal(0))

    def _is_done(self, known: Known) -> bool:
        if known.intent.kind.has_price:
            return bool(self._traded(known))
        answers = [received.answer for received in known.sent if received.answer]
        done = any(answer.retcode in (Retcode.DONE, Retcode.NO_CHANGES) for answer in answers)
        if known.intent.kind is Kind.CANCEL:
            # Others may ask for it as well, a guard or a person; what counts is that it is gone.
            approval = known.intent.opening_approval
            opened = (one for one in self.commands.values() if one.intent.approval == approval)
            done = done or any(self._brokerage.is_cancelled(one.magic) for one in opened)
        # Put off, or answered by nobody: the books show what they show.
        return done or any(received.answer is None for received in known.sent)

    def _break(self, invariant: str, detail: str) -> None:
        self._kernel.note("CHECKER", invariant, INVARIANTS[invariant], "-", detail)
        self.violations.append(Violation(invariant, detail, self._kernel.seconds))


def _name(known: Known) -> str:
    return f"the command to {known.intent.kind} (tag {known.magic})"


def _is_alarm(entry: Told) -> bool:
    """Whether people are told that a bridge's word of an end says otherwise than the state."""
    facts = entry.after or {}
    # What a person marked may well be contradicted, and that is what the alarm is for.
    is_of_result = str(facts.get("evidence", "")).startswith("result") and "settled_as" not in facts
    return entry.kind == "anomaly.EVIDENCE_CONTRADICTS_STATE" and is_of_result


_SIDES = {Way.BUY: Side.BUY, Way.SELL: Side.SELL}
_ACTIONS: Mapping[Kind, frozenset[Action]] = {
    Kind.OPEN: frozenset({Action.DEAL}),
    Kind.PLACE: frozenset({Action.PENDING}),
    Kind.CLOSE: frozenset({Action.DEAL}),
    Kind.PARTIAL_CLOSE: frozenset({Action.DEAL}),
    Kind.MODIFY: frozenset({Action.SLTP, Action.MODIFY}),
    Kind.CANCEL: frozenset({Action.REMOVE}),
}


def _difference(fields: RequestFields, intent: Intent) -> str:  # noqa: PLR0911  # one a field
    """Return how a request differs from what was approved; empty: it does not."""
    if fields["action"] not in _ACTIONS[intent.kind]:
        return f"the action {fields['action']} was not approved"
    if fields.get("symbol", intent.symbol) != intent.symbol:
        return f"{fields['symbol']} was sent, {intent.symbol} approved"
    opens = intent.kind in (Kind.OPEN, Kind.PLACE)
    closes = intent.kind in (Kind.CLOSE, Kind.PARTIAL_CLOSE)
    volume = Decimal(repr(fields["volume"])) if "volume" in fields else None
    more = volume is not None and (intent.volume is None or volume > intent.volume)
    if more or (opens and volume != intent.volume):
        return f"{volume} lots were sent, {intent.volume} approved"
    stops = tuple(Decimal(repr(fields.get(name, 0.0))) for name in ("sl", "tp"))
    approved = tuple(stop or Decimal(0) for stop in (intent.stop_loss, intent.take_profit))
    if not closes and intent.kind is not Kind.CANCEL and stops != approved:
        return f"the stops {stops} were sent, {approved} approved"
    if closes and not fields.get("position"):
        return "a close names no position"
    wanted = intent.side.opposite if closes else intent.side
    if (opens or closes) and OrderType(int(fields["type"])).side is not _SIDES[wanted]:
        return f"it was sent to the other side than {wanted}"
    return ""


def _out_of_band(intent: Intent, bid: Decimal, ask: Decimal) -> str:
    """Return that the market has left the prices approved; empty: it has not."""
    if intent.kind not in (Kind.OPEN, Kind.CLOSE, Kind.PARTIAL_CLOSE):
        return ""
    opens = intent.kind is Kind.OPEN
    price = ask if (intent.side is Way.BUY) == opens else bid
    too_low = intent.price_min is not None and price < intent.price_min
    too_high = intent.price_max is not None and price > intent.price_max
    band = f"{intent.price_min} to {intent.price_max}"
    return f"it was sent at {price}, approved were {band}" if too_low or too_high else ""
