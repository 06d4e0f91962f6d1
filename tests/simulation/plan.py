"""What a seed means: what people want, what goes wrong, where processes die. Drawn beforehand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from countersign_bridge.crash_points import CrashPoint
from mt5_simulator.terminal.faults import FaultKind
from tests.simulation.kernel import Kernel
from tests.simulation.perils import POINTS, Peril

# When the weather clears: everything that is broken is mended, and stays so.
HEALED_AT = 80.0
_STORM_FROM = 4.0
# A machine that is suspended at the worst of moments: its order is on the way to the terminal.
_STANDS_STILL_OFTEN = 0.1


class Trouble(StrEnum):
    """Something that goes wrong at a moment, most of it for a while."""

    BRIDGE_DIES = "bridge dies"
    TERMINAL_PROCESS_DIES = "terminal process dies"
    TERMINAL_RESTARTS = "terminal restarts with an empty history"
    TERMINAL_DISCONNECTED = "terminal disconnected"
    TERMINAL_LAGS = "terminal shows the past"
    TERMINAL_SLOW = "terminal is slow"
    AUTOTRADING_OFF = "autotrading is off"
    CALL_UNANSWERED = "a reading call fails"
    CALL_HANGS = "a reading call hangs"
    THIN_MARKET = "a part of the volume is there"
    OTHER_ACCOUNT = "another account is logged in"
    DISK_FULL = "disk is full"
    DISK_SLOW = "disk is slow"
    JOURNAL_LOST = "journal is lost"
    ROLLED_BACK = "machine is rolled back to a snapshot"
    CLONED = "machine is cloned"
    SLEEPS = "machine sleeps"
    STANDS_STILL = "machine stands still, its steady clock too"
    CLOCK_JUMPS = "clock jumps"
    CUT = "stream is cut"
    HALF_OPEN = "stream is half open"
    STALLED = "frames are held back"
    SLOW = "network is slow"
    MISDELIVERED = "an old frame comes again"
    SERVER_DIES = "server dies"
    SERVER_DRAINS = "server drains"
    ALL_SERVERS_DIE = "all servers die"
    RESTORED = "database is restored from a backup"
    HALTED = "account is halted"
    CLOSE_ONLY = "account may only close"
    PRICE_JUMPS = "price jumps"
    CLOSED_BY_HAND = "a position is closed by hand"
    REOPENED = "a position gets a new ticket"
    MONEY_MOVES = "money is paid in"
    EQUITY_CRASHES = "equity crashes"
    LATCH_RESET = "a person resets what is latched"
    CALLED_OFF = "a person calls a closing off"
    SWITCH_PULLED = "everything is stopped by a switch"
    SETTLED = "a doubt is settled by a person"
    TAMPERED = "a command is altered in the database"


FAMILIES: Mapping[str, Sequence[Trouble]] = {
    "terminal": (
        *(Trouble.TERMINAL_PROCESS_DIES, Trouble.TERMINAL_RESTARTS, Trouble.TERMINAL_DISCONNECTED),
        *(Trouble.TERMINAL_LAGS, Trouble.TERMINAL_SLOW, Trouble.AUTOTRADING_OFF),
        *(Trouble.CALL_UNANSWERED, Trouble.CALL_HANGS, Trouble.THIN_MARKET),
    ),
    "bridge": (
        *(Trouble.BRIDGE_DIES, Trouble.BRIDGE_DIES, Trouble.DISK_FULL, Trouble.DISK_SLOW),
        *(Trouble.SLEEPS, Trouble.STANDS_STILL, Trouble.CLOCK_JUMPS),
    ),
    "machine": (
        *(Trouble.ROLLED_BACK, Trouble.CLONED, Trouble.JOURNAL_LOST, Trouble.OTHER_ACCOUNT),
        Trouble.BRIDGE_DIES,
    ),
    "network": (
        *(Trouble.CUT, Trouble.CUT, Trouble.HALF_OPEN, Trouble.STALLED, Trouble.SLOW),
        Trouble.MISDELIVERED,
    ),
    "server": (
        *(Trouble.SERVER_DIES, Trouble.SERVER_DIES, Trouble.SERVER_DRAINS),
        *(Trouble.ALL_SERVERS_DIE, Trouble.CUT),
    ),
    "backup": (Trouble.RESTORED,),
    "people": (
        *(Trouble.HALTED, Trouble.CLOSE_ONLY, Trouble.CLOSED_BY_HAND, Trouble.REOPENED),
        *(Trouble.MONEY_MOVES, Trouble.PRICE_JUMPS, Trouble.SETTLED, Trouble.SETTLED),
    ),
    "attack": (Trouble.TAMPERED,),
    "crash": (Trouble.EQUITY_CRASHES,),
    "guards": (
        *(Trouble.SWITCH_PULLED, Trouble.SWITCH_PULLED, Trouble.LATCH_RESET, Trouble.CALLED_OFF),
    ),
}
# How often each family has its day, in so many of a hundred runs.
_OFTEN = {
    "terminal": 45,
    "bridge": 40,
    "machine": 20,
    "network": 45,
    "server": 40,
    "backup": 12,
    "people": 40,
    "attack": 8,
    "crash": 25,
    "guards": 25,
}
_SEND_FAULTS = (
    *(FaultKind.SEND_FAILED, FaultKind.NO_CONNECTION, FaultKind.REPLY_LOST, FaultKind.OUT_OF_STEP),
    *(FaultKind.HANG, FaultKind.DOUBTFUL, FaultKind.PLACED, FaultKind.DEAL_HIDDEN),
    *(FaultKind.REJECT, FaultKind.OVERFILL, FaultKind.COMMENT_REWRITTEN, FaultKind.NO_ANSWER),
)


_FORGETFUL = frozenset({Trouble.ROLLED_BACK, Trouble.CLONED, Trouble.JOURNAL_LOST})


class Wanted(StrEnum):
    """What a person wants of the account."""

    OPEN = "open"
    PLACE = "place"
    CLOSE = "close"
    PARTIAL_CLOSE = "partial-close"
    MODIFY = "modify"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Wish:
    """One approval. `about` is the place of the opening wish that it is about; None: it opens."""

    at: float
    what: Wanted
    about: int | None
    is_buy: bool
    hundredths: int  # of a lot
    lifetime: float
    revoked_after: float | None
    clicked_twice: bool


@dataclass(frozen=True, slots=True)
class Mishap:
    """One trouble, when, and for how long. `size` is from [0, 1): what else it needs."""

    at: float
    what: Trouble
    lasting: float
    size: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a seed decides before the run begins."""

    wishes: Sequence[Wish]
    mishaps: Sequence[Mishap]
    perils: Sequence[Peril]
    send_faults: Mapping[FaultKind, float]
    delay_max: float
    servers: int
    server_offsets: Sequence[float]
    bridge_offset: float
    partial_fills: bool
    backup_at: float | None
    says_restored: bool
    # Whether, when all is mended, people let the account trade again.
    lets_go: bool

    @property
    def disks_may_forget(self) -> bool:
        """Whether a bridge may come to know less than it did."""
        return any(mishap.what in _FORGETFUL for mishap in self.mishaps)


def plan_of(kernel: Kernel, focus: Sequence[str] = ()) -> Plan:
    """Return what the kernel's seed means. `focus`: families that have their day in any case."""
    draw = kernel.chance("plan")
    drawn = [name for name, often in _OFTEN.items() if draw.random() * 100 < often]
    families = [name for name in _OFTEN if name in drawn or name in focus]
    mishaps = sorted(_mishaps(draw, families), key=lambda mishap: mishap.at)
    restored = any(mishap.what is Trouble.RESTORED for mishap in mishaps)
    return Plan(
        wishes=_wishes(draw),
        mishaps=mishaps,
        perils=_perils(draw),
        send_faults=_send_faults(draw),
        delay_max=draw.choice([3.0, 20.0, 40.0]),
        servers=draw.choice([1, 2]),
        server_offsets=[draw.uniform(-0.5, 0.5) for _ in range(2)],
        bridge_offset=draw.choice([0.0, 0.0, draw.uniform(-3, 3), draw.uniform(-20, 20)]),
        partial_fills=draw.random() < 0.3,
        backup_at=draw.uniform(1.0, 30.0) if restored else None,
        says_restored=True,
        lets_go=draw.random() < 0.5,
    )


def _mishaps(draw: Random, families: Sequence[str]) -> list[Mishap]:
    found: list[Mishap] = []
    for family in families:
        kinds = FAMILIES[family]
        count = 1 if family in ("backup", "machine", "crash") else draw.randint(1, 3)
        earliest = 31.0 if family == "backup" else _STORM_FROM
        found += [_mishap(draw, kinds, earliest) for _ in range(count)]
    return found


def _mishap(draw: Random, kinds: Sequence[Trouble], earliest: float) -> Mishap:
    return Mishap(
        at=draw.uniform(earliest, 65.0),
        what=kinds[draw.randrange(len(kinds))],
        lasting=draw.choice([draw.uniform(0.2, 3), draw.uniform(3, 25)]),
        size=draw.random(),
    )


def _perils(draw: Random) -> list[Peril]:
    """Return no place to die, one, or a pair of them."""
    count = draw.choice([0, 0, 1, 1, 1, 2, 2])
    perils = [
        Peril(POINTS[draw.randrange(len(POINTS))], draw.choice([1, 1, 2, 3, 5]))
        for _ in range(count)
    ]
    if draw.random() < _STANDS_STILL_OFTEN:
        perils.append(Peril(CrashPoint.DURING_SEND, draw.choice([1, 2, 3]), draw.uniform(1, 30)))
    return perils


def _send_faults(draw: Random) -> dict[FaultKind, float]:
    weight = draw.choice([0.0, 0.15, 0.4, 0.8])
    kinds = draw.sample(_SEND_FAULTS, draw.randint(1, 5))
    return {kind: weight / len(kinds) for kind in kinds}


def _wishes(draw: Random) -> list[Wish]:
    wishes: list[Wish] = []
    openings: list[int] = []
    for at in sorted(draw.uniform(2.0, 55.0) for _ in range(draw.randint(3, 7))):
        place = len(wishes)
        what = draw.choices(list(Wanted), weights=[60, 12, 16, 6, 8, 6])[0]
        about: int | None = None
        if what not in (Wanted.OPEN, Wanted.PLACE):
            fitting = [
                earlier
                for earlier in openings
                if (wishes[earlier].what is Wanted.PLACE) == (what is Wanted.CANCEL)
            ]
            if fitting:
                about = draw.choice(fitting)
            else:
                what = Wanted.OPEN
        if about is None:
            openings.append(place)
        wishes.append(
            Wish(
                at=at,
                what=what,
                about=about,
                is_buy=draw.random() < 0.5,
                hundredths=draw.choice([1, 3, 10]),
                lifetime=draw.choice([draw.uniform(2, 8), draw.uniform(10, 45)]),
                revoked_after=draw.uniform(0, 6) if draw.random() < 0.25 else None,
                clicked_twice=draw.random() < 0.2,
            )
        )
    return wishes
