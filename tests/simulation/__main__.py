"""The `make simulate` command: one seed with its trace, or many seeds on all cores."""

import argparse
import os
import signal
import sys
import time

from tests.simulation.many import quiet, verdicts
from tests.simulation.running import Verdict, run_seed

_PROGRESS_EVERY_S = 10.0
_SHOWN_MOST = 20
_LINES_MOST = 120


def main() -> int:
    """Run what is asked for; 1 if any invariant was violated."""
    arguments = _parsed()
    quiet()
    signal.signal(signal.SIGTERM, _leave)
    if arguments.seed is not None:
        verdict = run_seed(arguments.seed, traced=True)
        print("\n".join(verdict.lines))
        _tell(verdict, whole=False)
        return 1 if verdict.violations else 0
    return _run_many(arguments.first, arguments.seeds, arguments.jobs)


def _leave(number: int, _frame: object) -> None:
    """As ctrl-C does: the processes that run seeds end with this one."""
    sys.exit(128 + number)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one and show its trace")
    parser.add_argument("--seeds", type=int, default=1000, help="how many to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    return parser.parse_args()


def _run_many(first: int, count: int, jobs: int) -> int:
    began = told = time.monotonic()
    done = violated = 0
    for verdict in verdicts(first, count, jobs):
        done += 1
        if verdict.violations:
            violated += 1
            if violated <= _SHOWN_MOST:
                _tell(verdict, whole=violated == 1)
        if time.monotonic() - told > _PROGRESS_EVERY_S:
            told = time.monotonic()
            rate = done / (told - began)
            print(f"  {done} of {count} seeds, {rate:.1f} a second, {violated} with violations")
            sys.stdout.flush()
    rate = done / max(time.monotonic() - began, 1e-9)
    print(f"{done} seeds from {first}, {rate:.1f} seeds/s, {violated} with violations")
    return 1 if violated or done < count else 0


def _tell(verdict: Verdict, *, whole: bool) -> None:
    """Show what was violated; `whole`: with the trace that led there."""
    if not verdict.violations:
        return
    if whole:
        print("\n".join(f"  {line}" for line in verdict.lines[-_LINES_MOST:]))
    for violation in verdict.violations:
        print(f"seed {verdict.seed}: {violation.invariant} at {violation.at:.3f} s")
        print(f"  {violation.detail}")
    print(f"  replay: make simulate SEED={verdict.seed}")


if __name__ == "__main__":
    sys.exit(main())
