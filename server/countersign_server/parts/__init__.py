"""Every area made, and given what it needs of the others."""

from collections.abc import Callable
from dataclasses import dataclass

from countersign_server.accounts.key_cache import ProducerKeys
from countersign_server.audit.feed import Feed
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.execution.channel import Channels
from countersign_server.parts.comparison import reconciliation
from countersign_server.parts.desks import accounts, devices
from countersign_server.parts.guarding import guards
from countersign_server.parts.imports import histories
from countersign_server.parts.orders import approvals, channels, execution, signals
from countersign_server.parts.part import Ground, Loop, Now, Part
from countersign_server.parts.people import people
from countersign_server.parts.pictures import charts
from countersign_server.parts.records import audit
from countersign_server.parts.referrals import affiliates
from countersign_server.parts.statistics import analytics
from countersign_server.parts.telling import telling
from countersign_server.rpc.caller import Caller
from countersign_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """Every area, who calls, and what has to be told of the end."""

    areas: tuple[Part, ...]
    authenticate: Callable[[str], Caller]
    channels: Channels
    feed: Feed

    @property
    def loops(self) -> tuple[Loop, ...]:
        return tuple(loop for area in self.areas for loop in area.loops)


async def build(
    settings: Settings, database_url: str, database: Database, wakeups: Wakeups, now: Now
) -> Parts:
    """Make every part. Raises SealingKeyInvalid, SealBroken."""
    ground = Ground(settings, database, wakeups, now)
    feed, who = Feed(database, wakeups), await people(ground)
    keys = ProducerKeys(database, who.vault, wakeups, now)
    connections = channels(ground, who)
    told = telling(ground, who)
    parts = Parts(
        areas=(
            who.part,
            audit(ground, who, feed),
            accounts(ground, who, keys),
            devices(ground, who),
            signals(ground, who, database_url=database_url, keys=keys, feed=feed),
            approvals(ground, who),
            execution(ground, who, connections),
            reconciliation(ground, who, feed),
            guards(ground, who, feed),
            analytics(ground),
            *told.areas,
            affiliates(ground, who),
            charts(ground),
            histories(ground),
        ),
        authenticate=who.tokens.authenticate,
        channels=connections,
        feed=feed,
    )
    told.open(parts.areas)
    return parts
