"""One bout: a burst of signals during which one kind of blow falls again and again."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import psycopg

from tests.fixtures.aftermath import both_books, settled
from tests.fixtures.both_books import OurBooks
from tests.fixtures.burst import burst
from tests.fixtures.live_product import LiveProduct, Victim, live_product
from tests.fixtures.tcp_proxy import Fault
from tests.fixtures.waiting import until

HALF_OPEN = "connection of the bridge, without a word"
ANY = "any process, drawn each time"
BLOWS = (*Victim, HALF_OPEN, ANY)
_EVERY_SECONDS = 0.5
_RECOVERY_SECONDS = 180.0
_SETTLING_SECONDS = 600.0
# By the terminal's own orders, deals and positions, or by the bridge's word.
_SHOWN = ("executed", "partial", "rejected", "not-sent", "working")


@dataclass(frozen=True, slots=True)
class Bout:
    """What came of one bout. Times are in seconds."""

    blow: str
    blows: int
    signals: int
    approved: int
    missed: Mapping[str, int]
    refusals: Mapping[str, int]
    outcomes: Mapping[str, int]
    # From each blow to the first deal of a signal that was submitted after it.
    recoveries: list[float]
    doubts: Mapping[str, int]
    disagreements: list[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a bout is, how often the blow falls, and from which seed the moments are drawn."""

    signals: int
    blows: int
    seed: int
    pace: Mapping[str, str]


def fight(blow: str, plan: Plan) -> Bout:
    """Run the product, strike it again and again, and compare the books when all is quiet."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as database:
        # To be passed through: PostgreSQL runs as another user when we are root.
        Path(database).chmod(0o711)
        return asyncio.run(_fight(blow, plan, Path(folder), Path(database) / "postgres"))


async def _fight(blow: str, plan: Plan, folder: Path, database: Path) -> Bout:
    chance = Random(f"{plan.seed}:{blow}")  # noqa: S311  # a seed that can be run again
    recoveries: list[float] = []
    async with live_product(folder, database, plan.pace) as product:
        async with burst(product, plan.signals, every_seconds=_EVERY_SECONDS, goes_on=True) as flow:
            for number in range(plan.blows):
                # Somewhere in its share of the burst, or as soon as the last one is over.
                share = (number + chance.random()) / (plan.blows + 1)
                await flow.until_approved(int(share * plan.signals))
                await asyncio.sleep(chance.random() * _EVERY_SECONDS)
                struck = datetime.now(UTC)
                await _strike(product, chance.choice(list(Victim)) if blow == ANY else blow)
                recoveries.append(await _recovered(product, struck))
        disagreements = await settled(product, _SETTLING_SECONDS)
        ours = both_books(product).ours
    return Bout(
        blow=blow,
        blows=plan.blows,
        signals=len(ours.signals),
        approved=len(ours.commands),
        missed=flow.missed,
        refusals=flow.refusals,
        outcomes=Counter(str(command["state"]) for command in ours.commands),
        recoveries=recoveries,
        doubts=_doubts(ours),
        disagreements=disagreements,
    )


async def _strike(product: LiveProduct, blow: str) -> None:
    if blow == HALF_OPEN:
        product.bridge_line.fail(Fault.HALF_OPEN)
        return
    product.kill(Victim(blow))
    await product.start(Victim(blow))


async def _recovered(product: LiveProduct, struck: datetime) -> float:
    """Wait until a signal that was submitted after the blow has its deal in our books."""
    booked: list[datetime] = []

    async def is_booked() -> bool:
        try:
            booked[:] = _first_deal_since(product, struck)
        except psycopg.OperationalError:
            return False  # the database is what was struck
        return bool(booked)

    await until(is_booked, "the product trades again", _RECOVERY_SECONDS)
    return (booked[0] - struck).total_seconds()


def _first_deal_since(product: LiveProduct, struck: datetime) -> list[datetime]:
    address = product.database.server.superuser_url.replace("+psycopg", "")
    with psycopg.connect(address, connect_timeout=2) as connection:
        found = connection.execute(
            "SELECT min(deals.received_at) FROM deals"
            " JOIN commands ON commands.id = deals.command_id"
            " JOIN signals ON signals.id = commands.signal_id WHERE signals.received_at > %s",
            [struck],
        ).fetchone()
    return [found[0]] if found and found[0] else []


def _doubts(ours: OurBooks) -> Counter[str]:
    """Say how the doubts ended: by what was shown, by presumption, or by a person."""
    doubted = ours.step_counts("command.in-doubt")
    settled_by_people = ours.step_counts("command.settled")
    ends: Counter[str] = Counter()
    for command in ours.commands:
        if not doubted[str(command["id"])]:
            continue
        if settled_by_people[str(command["id"])]:
            ends["person"] += 1
        elif command["state"] in _SHOWN:
            ends["shown"] += 1
        else:
            ends[str(command["state"])] += 1
    return ends
