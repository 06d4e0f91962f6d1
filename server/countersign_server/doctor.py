"""What can be wrong with an installation, each with the way to mend it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.database.engine import Database
from countersign_server.database.schema_version import SchemaMismatch, check_schema
from countersign_server.sealing_key import SealingKeyInvalid, sealing_key
from countersign_server.settings import Settings

_CLOCK_SKEW_MAX = timedelta(seconds=1)
_OLDEST_POSTGRES = 150000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `mend` is empty when it is well."""

    what: str
    well: bool
    mend: str = ""

    def as_json(self) -> dict[str, str | bool]:
        return asdict(self)


async def examine(
    settings: Settings, database_url: str, now: Callable[[], datetime]
) -> list[Finding]:
    """Look at everything and return what was found, in the order in which it should be mended."""
    findings = [_sealing(settings)]
    database = Database(database_url, connections=1)
    try:
        async with database.transaction(None) as tx:
            findings += [await _version(tx), await _role(tx)]
            findings += [await _clock(tx, now), await _durable(tx)]
        findings.append(await _schema(database))
    except Exception as error:  # noqa: BLE001  # whatever keeps us from the database is the finding
        first_line = str(error).splitlines()[0]
        mend = "check COUNTERSIGN_DATABASE_URL and that PostgreSQL runs"
        findings.append(
            Finding(f"the database does not answer: {first_line}", well=False, mend=mend)
        )
    finally:
        await database.close()
    return findings


def _sealing(settings: Settings) -> Finding:
    try:
        sealing_key(settings)
    except SealingKeyInvalid as error:
        return Finding("the sealing key cannot be used", well=False, mend=str(error))
    return Finding("the sealing key is there", well=True)


async def _version(tx: AsyncConnection) -> Finding:
    number = int(await tx.scalar(text("SELECT current_setting('server_version_num')")) or 0)
    if number < _OLDEST_POSTGRES:
        return Finding(
            f"PostgreSQL {number // 10000}", well=False, mend="use PostgreSQL 15 or later"
        )
    return Finding(f"PostgreSQL {number // 10000}", well=True)


async def _role(tx: AsyncConnection) -> Finding:
    row = await tx.scalar(
        text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    )
    if row:
        return Finding(
            "the database role is exempt from row-level security",
            well=False,
            mend="connect with a role that is neither superuser nor BYPASSRLS",
        )
    return Finding("row-level security binds the database role", well=True)


async def _clock(tx: AsyncConnection, now: Callable[[], datetime]) -> Finding:
    theirs = await tx.scalar(text("SELECT clock_timestamp()"))
    skew = abs(now() - theirs) if theirs else timedelta.max
    what = f"the clocks of server and database differ by {skew.total_seconds():.3f} s"
    if skew > _CLOCK_SKEW_MAX:
        return Finding(
            what, well=False, mend="synchronise both with NTP: expiry is decided by them"
        )
    return Finding(what, well=True)


async def _durable(tx: AsyncConnection) -> Finding:
    settings = [
        await tx.scalar(text(f"SHOW {name}"))
        for name in ("fsync", "synchronous_commit", "full_page_writes")
    ]
    if "off" in settings:
        return Finding(
            "the database may lose what it has committed",
            well=False,
            mend="set fsync, synchronous_commit and full_page_writes to on",
        )
    return Finding("commits are durable", well=True)


async def _schema(database: Database) -> Finding:
    try:
        await check_schema(database.system_engine)
    except SchemaMismatch as error:
        return Finding(str(error), well=False, mend="run 'countersign-server migrate'")
    return Finding("the schema is this version's", well=True)
