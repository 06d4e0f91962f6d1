"""The failure catalogue with what its tests say, and every named place where a process dies."""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from countersign_bridge.crash_points import CrashPoint as BridgeCrashPoint
from countersign_server.crash_points import CrashPoint as ServerCrashPoint
from tests.failure_catalogue import CATALOGUE
from tests.proof.section import Cell, Section, Table

TITLE = "Every row of the failure catalogue"
_ROOT = Path(__file__).parent.parent.parent
_CRASHES = {
    "bridge": (
        "tests/system/test_bridge_running.py"
        "::test_a_crash_at_any_named_point_sends_at_most_one_order_and_tells_the_truth"
    ),
    "server": (
        "tests/system/test_kill_server_at_points.py::test_wherever_the_server_dies_the_books_agree"
    ),
}
_POINTS = {"bridge": BridgeCrashPoint, "server": ServerCrashPoint}

# Cases that passed and that did not, by test.
Tally = Mapping[str, Counter[bool]]


def run_tests() -> Tally:
    """Run every test that the catalogue names, and those of the crash points."""
    names = sorted({name for row in CATALOGUE for name in row.tests} | set(_CRASHES.values()))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        subprocess.run(  # noqa: S603  # our own tests
            [
                *(sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"),
                *("-o", "junit_family=xunit1", *names),
            ],
            cwd=_ROOT,
            check=False,
        )
        return tally_of(report.read_text())


def tally_of(report: str) -> Tally:
    """Return how many cases of each test passed and failed, and of each case by its own name."""
    tally: dict[str, Counter[bool]] = {}
    for case in ET.fromstring(report).iter("testcase"):  # noqa: S314  # pytest's own
        passed = case.find("failure") is None and case.find("error") is None
        name = f"{case.attrib['file']}::{case.attrib['name']}"
        for key in {name, name.partition("[")[0]}:
            tally.setdefault(key, Counter())[passed] += 1
    return tally


def section_of(tally: Tally, made: Mapping[str, Cell]) -> Section:
    """Return the section that the tests' results make."""
    rows = [
        (
            row.number,
            row.what,
            "; ".join(_shown(name, tally) for name in row.tests) or "none",
            row.missing,
        )
        for row in CATALOGUE
    ]
    table = Table("", ("row", "what goes wrong", "shown by (cases passed)", "not shown"), rows)
    return Section(TITLE, made, (), [table, _crash_points(tally)])


def _shown(name: str, tally: Tally) -> str:
    found = tally.get(name, Counter[bool]())
    failed = f", {found[False]} FAILED" if found[False] else ""
    words = name.partition("::test_")[2].replace("_", " ")
    return f"{words} ({found[True]}{failed})"


def _crash_points(tally: Tally) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for process, test in _CRASHES.items():
        for point in _POINTS[process]:
            found = tally.get(f"{test}[{point}]", Counter[bool]())
            rows.append((process, str(point), found[True], found[False]))
    return Table(
        "Labelled crash points", ("process", "dies at", "books agreed", "books did not"), rows
    )
