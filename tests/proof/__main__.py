"""`python -m tests.proof`: make the runs, keep what they found, and write the page."""

import argparse
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.fixtures.live_product import DELIVERED
from tests.proof import failures, invariants, kills, simulated
from tests.proof.bout import BLOWS, Bout, Plan, fight
from tests.proof.section import Cell, page, read_section, write_section

ROOT = Path(__file__).parent.parent.parent
FOUND = ROOT / "docs/proof"
PAGE = ROOT / "docs/proof.md"
# In the order of the page; what others find comes after.
_FIRST = ("kills", "failures", "simulation", "mutants", "found")


def main() -> int:
    """Do what is asked for; 1 if any books disagreed or any test failed."""
    parser = argparse.ArgumentParser(prog="proof", description=__doc__)
    parser.add_argument(
        "what", choices=["all", "kills", "failures", "simulation", "page"], nargs="?"
    )
    parser.add_argument("--signals", type=int, default=200, help="of each bout, at least")
    parser.add_argument("--blows", type=int, default=10, help="of each bout")
    parser.add_argument("--seed", type=int, default=1, help="of the bouts")
    parser.add_argument("--seeds", type=int, default=20_000, help="of the simulation")
    parser.add_argument("--first", type=int, help="the first of them; else after the last run's")
    asked = parser.parse_args()
    what, broken = asked.what or "all", False
    if what in ("all", "failures"):
        broken |= _run_failures()
    if what in ("all", "kills"):
        plan = Plan(asked.signals, asked.blows, asked.seed, DELIVERED)
        broken |= _run_kills(plan)
    if what in ("all", "simulation"):
        broken |= _run_simulation(asked.first, asked.seeds)
    PAGE.write_text(written_page())
    return 1 if broken else 0


def written_page() -> str:
    """Return the page that the checkers and the files in docs/proof make."""
    names = {path.stem: path for path in sorted(FOUND.glob("*.json"))}
    order = [name for name in _FIRST if name in names]
    order += [name for name in names if name not in _FIRST]
    return page([invariants.section(), *(read_section(names[name]) for name in order)])


def _run_kills(plan: Plan) -> bool:
    made = {**_made("make proof"), "seed": plan.seed}
    loads: list[float] = []
    bouts: list[Bout] = []
    for blow in BLOWS:
        bouts.append(fight(blow, plan))
        print(kills.line_of(bouts[-1]), flush=True)  # noqa: T201  # a command
        # Start-up is most of a recovery, and takes as long as the machine lets it.
        loads.append(os.getloadavg()[1] / (os.cpu_count() or 1))
        made["processes that wanted each core"] = round(sum(loads) / len(loads), 1)
        # What has been found is not lost with what comes after it.
        write_section(FOUND / "kills.json", kills.section_of(bouts, made))
    return any(bout.disagreements for bout in bouts)


def _run_failures() -> bool:
    made = _made("make proof")
    tally = failures.run_tests()
    write_section(FOUND / "failures.json", failures.section_of(tally, made))
    return any(count[False] for count in tally.values())


def _run_simulation(first: int | None, count: int) -> bool:
    made, path = _made("make proof"), FOUND / "simulation.json"
    before = read_section(path) if path.exists() else None
    begin = simulated.next_seed(before) if first is None else first

    def tell(words: str) -> None:
        print(words, flush=True)  # noqa: T201  # a command

    run = simulated.run_seeds(begin, count, os.cpu_count() or 1, tell)
    found = simulated.section_of(before, run, on=str(made["run on"]), commit=str(made["commit"]))
    write_section(path, found)
    return bool(run.violated)


def _made(command: str) -> dict[str, Cell]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"],  # noqa: S607  # whichever git there is
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return {"run on": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit, "by": f"`{command}`"}


if __name__ == "__main__":
    sys.exit(main())
