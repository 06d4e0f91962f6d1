"""Seeds of the simulation, run after run, each with the commit whose decisions it judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from time import monotonic

from tests.proof.section import Cell, Section, Table
from tests.simulation.many import quiet, verdicts

TITLE = "The product's decisions in virtual time"
_COLUMNS = ("run on", "commit", "seeds from", "seeds", "seeds/s", "seeds with violations")
_TOLD_EVERY = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """What came of some seeds. `violated` are those of them that broke an invariant."""

    first: int
    count: int
    seeds_per_second: float
    violated: Sequence[int]


def run_seeds(first: int, count: int, jobs: int, tell: Callable[[str], None]) -> Run:
    """Run seeds on `jobs` processes, saying how far it has come."""
    quiet()
    began, violated = monotonic(), list[int]()
    found = verdicts(first, count, jobs)
    for start in range(0, count, _TOLD_EVERY):
        violated += [one.seed for one in islice(found, _TOLD_EVERY) if one.violations]
        done = min(start + _TOLD_EVERY, count)
        tell(f"{done} of {count} seeds, {len(violated)} with violations")
    return Run(first, count, count / (monotonic() - began), violated)


def next_seed(before: Section | None) -> int:
    """Return the seed after every one that has been run."""
    rows = [row for table in before.tables for row in table.rows] if before else []
    return max((int(row[2] or 0) + int(row[3] or 0) for row in rows), default=0)


def section_of(before: Section | None, run: Run, *, on: str, commit: str) -> Section:
    """Return the section with one more run, the newest first. `before` None: it is the first."""
    kept = [list(row) for table in before.tables for row in table.rows] if before else []
    violations = ", ".join(map(str, run.violated)) or 0
    speed = round(run.seeds_per_second, 1)
    rows: list[list[Cell]] = [[on, commit, run.first, run.count, speed, violations], *kept]
    words = (
        "Server, bridge and guard as they are delivered, between a network, disks, clocks and a "
        "database that fail as a seed says, and a broker whose books are the truth. Each run is "
        "judged by every invariant; `make simulate SEED=n` shows one seed with its trace. Every "
        "run is of other seeds, and of the commit that it names."
    )
    return Section(
        TITLE, {"by": "`make proof PROOF=simulation`"}, [words], [Table("", _COLUMNS, rows)]
    )
