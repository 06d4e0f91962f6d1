"""How much processor time a run takes, and whose: what a busy machine does not change so much."""

import os
from collections import defaultdict
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM = 1, 11, 12  # in /proc/<pid>/stat, after the name


@contextmanager
def measured() -> Generator[dict[str, float]]:
    """Fill what is provided, on leaving, with the seconds that each part worked inside the block.

    The parts are "client", which is this process, "server" and "PostgreSQL".
    """
    spent: dict[str, float] = {}
    before = _used()
    yield spent
    for part, seconds in _used().items():
        spent[part] = seconds - before.get(part, 0)


def _used() -> Mapping[str, float]:
    stats: dict[int, list[str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stats[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
    used: defaultdict[str, float] = defaultdict(float)
    for pid, stat in stats.items():
        part = _part(pid, stats)
        if part:
            used[part] += (int(stat[_USER]) + int(stat[_SYSTEM])) / _TICKS_A_SECOND
    return used


def _part(pid: int, stats: Mapping[int, list[str]]) -> str:
    """Return which part of the bench a process is; empty: none."""
    ancestor = pid
    while ancestor in stats and ancestor != os.getpid():
        ancestor = int(stats[ancestor][_PARENT])
    if ancestor != os.getpid():
        return ""
    if pid == os.getpid():
        return "client"
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
    if "countersign_server\0serve" in command:
        return "server"
    return "PostgreSQL" if "postgres" in command.partition("\0")[0] else ""
