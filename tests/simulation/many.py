"""Many seeds on several cores, in the order of the seeds."""

import logging
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import structlog

from tests.simulation.running import Verdict, run_seed


def verdicts(first: int, count: int, jobs: int) -> Iterator[Verdict]:
    """Run seeds and yield how each went."""
    seeds = range(first, first + count)
    if jobs == 1:
        yield from map(run_seed, seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=quiet) as pool:
        try:
            yield from pool.map(run_seed, seeds, chunksize=10)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # whoever asked may have left early


def quiet() -> None:
    """Keep the product's own log out of the way: the trace tells what happened."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
