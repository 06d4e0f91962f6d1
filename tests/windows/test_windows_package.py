"""The real MetaTrader5 package against its measurements, beside the simulator."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.windows.windows_python import run_python, windows_path

Run = Callable[[], "subprocess.CompletedProcess[str]"]
CONFORMANCE = "mt5_simulator.conformance"


def real_package() -> "subprocess.CompletedProcess[str]":
    return run_python("-X", "utf8", "-m", CONFORMANCE, "MetaTrader5")


def simulator_on_windows() -> "subprocess.CompletedProcess[str]":
    return run_python("-X", "utf8", "-m", CONFORMANCE, "mt5_simulator")


def simulator_here() -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-m", CONFORMANCE, "mt5_simulator"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("run", [real_package, simulator_on_windows, simulator_here])
def test_a_module_answers_every_measured_call_as_measured(
    run: Run, record_property: Callable[[str, object], None]
) -> None:
    said = run()

    told = said.stdout.splitlines()[-1:]
    record_property(run.__name__, told[0] if told else said.stderr)
    assert said.returncode == 0, said.stdout + said.stderr
    assert told[0].endswith(" 0 differences")


def test_the_package_measured_is_the_one_pinned() -> None:
    asked = "import importlib.metadata as m; print(m.version('MetaTrader5'), end='')"

    assert run_python("-c", asked).stdout == "5.0.6231"


CLAIMING = """
import pathlib, subprocess, sys
from mt5_simulator.served.claim import claimed
program, books, *others = sys.argv[1:]
try:
    with claimed(pathlib.Path(books), "end it"):
        print("mine", flush=True)
        if others:
            subprocess.run([sys.executable, program, program, books])
    if others:
        subprocess.run([sys.executable, program, program, books])
except ValueError as error:
    print(error, flush=True)
"""


def test_books_are_claimed_by_one_process_at_a_time_on_windows_too(tmp_path: Path) -> None:
    program, books = tmp_path / "claiming.py", tmp_path / "books"
    program.write_text(CLAIMING)
    named = windows_path(program)

    said = run_python(named, named, windows_path(books), "and others")

    first, second, third = said.stdout.splitlines()
    assert (first, third) == ("mine", "mine"), said.stderr
    assert second.endswith("books is in use by another mt5-simulator: end it")
