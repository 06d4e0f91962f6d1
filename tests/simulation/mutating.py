"""The `make mutants` command: takes each mechanism away, and says which seed noticed."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.simulation.many import quiet
from tests.simulation.mutants import MUTANTS, apply
from tests.simulation.running import run_seed

REPORT = Path(__file__).parents[2] / "docs" / "mutants.md"
# Not those of the gate: a mutant is not to be found by seeds that were chosen for it.
FIRST_SEED = 500_000
_INTRODUCTION = """# Mutants

Each safety mechanism taken away in turn, in `tests/simulation`: a seed of the simulation must
notice. Where none does, the mechanism is one of several layers, and the layer that stands in for it
is named. Made by `make mutants`; a test checks that it lists the mutants that there are.

"""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant. `seed` None: no seed of its budget noticed."""

    name: str
    seed: int | None
    runs: int
    invariant: str

    @property
    def is_as_expected(self) -> bool:
        return (self.seed is None) == bool(MUTANTS[self.name].survives)


def fate_of(name: str) -> Fate:
    """Run seeds with a mutant until one of them notices. In a process of its own: nothing mends."""
    quiet()
    mutant = MUTANTS[name]
    apply(mutant)
    for run in range(mutant.seeds):
        verdict = run_seed(FIRST_SEED + run, focus=mutant.focus)
        if verdict.violations:
            return Fate(name, verdict.seed, run + 1, verdict.violations[0].invariant)
    return Fate(name, None, mutant.seeds, "")


def fates(names: Sequence[str], jobs: int) -> Iterator[Fate]:
    """Find out what becomes of mutants, each in a process of its own."""
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool:
        yield from pool.map(fate_of, names)


def row_of(fate: Fate) -> str:
    """Return a row of the report."""
    mutant = MUTANTS[fate.name]
    shown = f"{fate.invariant}, after {fate.runs}" if fate.seed is not None else "nobody"
    reason = mutant.survives or "dies"
    return f"| {fate.name} | {mutant.takes_away} | {shown} | {reason} |"


def report(found: Sequence[Fate], before: str) -> str:
    """Return the page for docs/. What was not run stands as it stood `before`."""
    listed = {line.split("|")[1].strip(): line for line in before.splitlines() if "|" in line}
    listed |= {fate.name: row_of(fate) for fate in found}
    rows = [listed[name] for name in MUTANTS if name in listed]
    head = ["| mutant | takes away that | noticed by | alone |", "|---|---|---|---|"]
    return _INTRODUCTION + "\n".join((*head, *rows)) + "\n"


def main() -> int:
    """Run all mutants, or those that are named; 1 if one fares otherwise than the table says."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these; the others' rows stay as they are")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    names: list[str] = arguments.names or list(MUTANTS)
    found: list[Fate] = []
    for fate in fates(names, arguments.jobs):
        found.append(fate)
        mark = "as expected" if fate.is_as_expected else "NOT AS EXPECTED"
        noticed = f"{fate.invariant} at seed {fate.seed}" if fate.seed is not None else "survives"
        print(f"{fate.name:<40} {noticed:<24} {fate.runs:>5} runs  {mark}", flush=True)
    REPORT.write_text(report(found, REPORT.read_text()))
    wrong = sum(not fate.is_as_expected for fate in found)
    print(f"{len(found)} mutants, {wrong} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
