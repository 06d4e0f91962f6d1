"""The account's owner: approves, clicks twice, takes back, halts; asks again when unanswered."""

import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from countersign_server.accounts.account import Account, TradingState
from countersign_server.approvals.commands_port import Mandate
from countersign_server.approvals.intents import (
    Entry,
    EntryKind,
    Intent,
    Kind,
    digest,
    render,
    whole_milliseconds,
)
from countersign_server.audit.entries import Trace
from countersign_server.errors import CountersignError
from countersign_server.execution.book import Book
from countersign_server.execution.lifecycle import DOUBTFUL, UNGRANTED
from countersign_server.execution.mandates import issue, withdraw
from countersign_server.execution.settlement import Mark, Wish as Settling
from countersign_server.execution.settling import Settler
from countersign_server.guards.book import GuardBook
from countersign_server.guards.persons_word import (
    Word,
    call_off_closing,
    hold_accounts,
    release,
    reset_guard,
    stop_everything,
)
from mt5_simulator.broker.catalogue import EURUSD
from tests.simulation.brokerage import LOGIN, SERVER, SYMBOL, Brokerage
from tests.simulation.checker import Checker
from tests.simulation.judging import TOPIC as GUARDS
from tests.simulation.kernel import Kernel
from tests.simulation.memory_books import MemoryBooks
from tests.simulation.memory_guards import MemoryGuardBooks
from tests.simulation.memory_tables import Mandated
from tests.simulation.plan import Plan, Wish
from tests.simulation.server_node import ServerNode
from tests.simulation.signing import FINGERPRINT, sign
from tests.simulation.store import Store
from tests.simulation.tasks import Pause

_ASK_AGAIN = 1.5
PRODUCER = UUID(int=7)
_BAND = Decimal("0.004")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who owns what in this run."""

    owner_id: UUID
    account_id: UUID
    device_id: UUID


class Person:
    """Carries out the wishes of a plan through whichever server answers."""

    def __init__(  # noqa: PLR0913  # what it is made of, by name
        self,
        kernel: Kernel,
        identity: Identity,
        *,
        plan: Plan,
        servers: Sequence[ServerNode],
        store: Store,
        books: MemoryBooks,
        brokerage: Brokerage,
        checker: Checker,
        ring: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._kernel = kernel
        self._identity = identity
        self._plan = plan
        self._servers = servers
        self._store = store
        self._books = books
        self._brokerage = brokerage
        self._checker = checker
        self._ring = ring
        self._random = kernel.chance("person")
        self._trace = Trace(actor=f"user:{identity.owner_id}")
        self._settler = Settler(
            sign=sign,
            digest=lambda text: sha256(b"a secret" + text.encode()).digest(),
            close_within=timedelta(seconds=30),
            random=self._random.randbytes,
        )
        self._mandates: dict[int, Mandate] = {}
        for place, wish in enumerate(plan.wishes):
            kernel.at(wish.at, lambda place=place, wish=wish: self._wish(place, wish))

    def hold(self, state: TradingState) -> None:
        """Hold the account's latch, as its owner may."""
        word = self._word("let me look")
        self._kernel.note("person", "holds the account", state)
        self._say(lambda book: self._hold(book, state, word))

    def reset(self) -> None:
        """Lift the latch as it stands now, whatever was lost."""
        kept = self._books.tables.guards.get(self._identity.account_id)
        if kept is None:
            return
        word, resets = self._word("looked at it"), kept.state.latch.resets
        self._kernel.note("person", "resets the guard", kept.state.latch.state, resets)
        self._say(lambda book: self._reset(book, word, resets))

    def call_off(self) -> None:
        """Stop the closing that is announced or under way."""
        word = self._word("it comes back")
        self._kernel.note("person", "calls off")
        self._say(lambda book: self._call_off(book, word))

    def pull(self, state: TradingState) -> None:
        """Stop everything, as an operator may."""
        word = self._word("stop", by_operator=True)
        self._kernel.note("person", "pulls a switch", state)
        self._say(lambda book: _pull(book, state, word))

    def release(self) -> None:
        """Release whatever switch holds."""
        word = self._word("go on", by_operator=True)
        self._kernel.note("person", "releases the switches")
        self._say(lambda book: _release(book, word))

    def _word(self, reason: str, *, by_operator: bool = False) -> Word:
        trace = Trace(actor="user:operator") if by_operator else self._trace
        random = self._random.randbytes
        return Word(trace, reason, self._kernel.now(), by_operator=by_operator, random=random)

    def _say(self, work: Callable[[GuardBook], Awaitable[None]]) -> None:
        """Say a word to the guards; a refusal is an answer."""
        books = MemoryGuardBooks(self._books, self._store.transaction)

        async def call() -> None:
            try:
                async with books.transaction(None) as book:
                    await work(book)
            except CountersignError as refused:
                self._kernel.note("person", "is refused", refused.reason)

        self._ask_for(call, GUARDS)

    async def _hold(self, book: GuardBook, state: TradingState, word: Word) -> None:
        await hold_accounts(book, [await self._account(book)], state, word)

    async def _reset(self, book: GuardBook, word: Word, resets: int) -> None:
        found = await self._account(book)
        await reset_guard(book, found, word, resets=resets, accept_loss=True)

    async def _call_off(self, book: GuardBook, word: Word) -> None:
        await call_off_closing(book, await self._account(book), word)

    async def _account(self, book: GuardBook) -> Account:
        found = await book.standings.seen(self._identity.account_id)
        assert found is not None
        return found

    def tamper(self, size: float) -> None:
        """Alter a command that waits, as whoever holds the database could. `size` chooses how."""
        commands = self._books.tables.commands
        waiting = [one for one in commands.values() if one.state in UNGRANTED and one.volume]
        if not waiting:
            return
        command = waiting[0]
        text = re.sub(r"\nvolume: [0-9.]+", "\nvolume: 0.5", command.intent_text)
        new_digest = digest(text) if size < 0.5 else command.intent_digest
        altered = replace(command, intent_text=text, intent_digest=new_digest)
        self._kernel.note("person", "tampers", str(command.id)[-6:], command.state)
        commands[command.id] = altered

    def settle(self, size: float) -> None:
        """Say what became of a command in doubt, or have its exposure closed. `size`: which."""
        marks = list(Mark)
        mark = marks[int(size * len(marks))]
        self._ask(lambda book: self._settle(book, mark))

    async def _settle(self, book: Book, mark: Mark) -> None:
        """Ask twice, as whoever settles is asked."""
        doubts = [
            one
            for one in self._books.tables.commands.values()
            if one.state in DOUBTFUL and not one.settled_as
        ]
        if not doubts:
            return
        wish = Settling(
            command_id=doubts[0].id,
            mark=mark,
            ticket=7 if mark is Mark.EXECUTED else 0,
            reason="looked at the terminal",
            actor=self._trace.actor,
        )
        now = self._kernel.now()
        try:
            asked = await self._settler.settle(book, wish, "", trace=self._trace, now=now)
            done = await self._settler.settle(book, wish, asked.token, trace=self._trace, now=now)
        except CountersignError as refused:
            self._kernel.note("person", "may not settle", refused)
            return
        self._kernel.note("person", "settles", str(wish.command_id)[-6:], mark)
        if done.close is not None:
            self._checker.issued(done.close)

    def _wish(self, place: int, wish: Wish) -> None:
        mandate = self._mandate(wish)
        self._mandates[place] = mandate
        self._books.tables.mandates[mandate.approval_id] = Mandated(
            mandate.account_id, PRODUCER, mandate.expires_at
        )
        self._kernel.note("person", "approves", wish.what, f"{wish.hundredths}/100", place)
        self._ask(lambda book: self._approve(book, mandate))
        if wish.clicked_twice:
            self._kernel.after(
                self._random.uniform(0, 0.3), lambda: self._ask(lambda b: self._approve(b, mandate))
            )
        if wish.revoked_after is not None:
            self._kernel.after(
                wish.revoked_after, lambda: self._ask(lambda book: self._revoke(book, mandate))
            )

    def _ask(self, work: Callable[[Book], Awaitable[None]]) -> None:
        """Ask a server for what is the owner's own; ask again until one has answered."""

        async def call() -> None:
            async with self._store.transaction(self._identity.owner_id) as book:
                await work(book)

        self._ask_for(call)

    def _ask_for(self, call: Callable[[], Coroutine[Pause, None, None]], *topics: str) -> None:
        up = [server for server in self._servers if server.is_up]
        if not up:
            self._kernel.after(_ASK_AGAIN, lambda: self._ask_for(call, *topics))
            return
        answered = False
        server = self._random.choice(up)

        def done(outcome: object) -> None:
            nonlocal answered
            answered = not isinstance(outcome, Exception)
            if answered:
                self._ring((f"account:{self._identity.account_id}", *topics))

        server.call(call(), done)
        self._kernel.after(_ASK_AGAIN, lambda: None if answered else self._ask_for(call, *topics))

    async def _approve(self, book: Book, mandate: Mandate) -> None:
        """Make the command, unless it is made: approvals answer a repeat as the first time."""
        command = await book.commands.of_approval(mandate.approval_id, hold=True)
        if command is None and mandate.expires_at > self._kernel.now():
            now = self._kernel.now()
            await issue(book, mandate, self._trace, now, self._random.randbytes)
            command = await book.commands.of_approval(mandate.approval_id, hold=True)
        if command is not None:
            self._checker.issued(command)

    async def _revoke(self, book: Book, mandate: Mandate) -> None:
        now = self._kernel.now()
        in_time = await withdraw(book, mandate.approval_id, "REVOKED", self._trace, now)
        self._kernel.note("person", "takes back", "in time" if in_time else "too late")

    def _mandate(self, wish: Wish) -> Mandate:
        opening = self._mandates.get(wish.about) if wish.about is not None else None
        intent = self._intent(wish, opening)
        text = render(intent)
        key_id, signature = sign(text.encode())
        return Mandate(
            approval_id=intent.approval_id,
            owner_id=self._identity.owner_id,
            account_id=self._identity.account_id,
            signal_id=intent.signal_id,
            kind=intent.kind,
            instrument=SYMBOL,
            symbol=SYMBOL,
            side=intent.side,
            volume=intent.volume,
            price_min=intent.price_min,
            price_max=intent.price_max,
            intent_text=text,
            intent_digest=digest(text),
            server_signature=signature,
            server_key_id=key_id,
            owner_signature=None,
            opening_approval_id=intent.opening_approval_id,
            expires_at=intent.expires_at,
        )

    def _intent(self, wish: Wish, opening: Mandate | None) -> Intent:
        bid, ask = self._brokerage.prices
        kind = Kind(wish.what)
        side = opening.side if opening is not None else ("buy" if wish.is_buy else "sell")
        entry, volume = Entry(EntryKind.NONE), None
        low: Decimal | None = None
        high: Decimal | None = None
        stop: Decimal | None = None
        if kind.at_market:
            entry = Entry(EntryKind.MARKET)
            low, high = bid - _BAND, ask + _BAND
        if kind is Kind.PLACE:
            away = Decimal(wish.hundredths * 5) * EURUSD.point
            entry = Entry(EntryKind.LIMIT, bid - away if side == "buy" else ask + away)
        if kind in (Kind.OPEN, Kind.PLACE):
            volume = Decimal(wish.hundredths) / 100
        elif kind in (Kind.CLOSE, Kind.PARTIAL_CLOSE):
            opened = opening.volume if opening is not None and opening.volume else Decimal("0.1")
            volume = opened if kind is Kind.CLOSE else Decimal("0.01")
        if kind is Kind.MODIFY or (kind is Kind.OPEN and wish.hundredths == 3):
            far = Decimal("0.01000")
            stop = bid - far if side == "buy" else ask + far
        expires = whole_milliseconds(self._kernel.now() + timedelta(seconds=wish.lifetime))
        return Intent(
            approval_id=self._id(),
            signal_id=self._id(),
            payload_sha256="5f" * 32,
            login=LOGIN,
            server=SERVER,
            currency="USD",
            margin_mode="hedging",
            kind=kind,
            instrument=SYMBOL,
            symbol=SYMBOL,
            fingerprint=FINGERPRINT,
            side=side,
            volume=volume,
            entry=entry,
            price_min=low,
            price_max=high,
            stop_loss=stop,
            take_profit=None,
            good_until=None,
            opening_approval_id=opening.approval_id if opening is not None else None,
            expires_at=expires,
        )

    def _id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


async def _pull(book: GuardBook, state: TradingState, word: Word) -> None:
    await stop_everything(book, state, word)


async def _release(book: GuardBook, word: Word) -> None:
    for one in await book.switches.holding():
        await release(book, one.id, word, may_release=lambda _: True)
