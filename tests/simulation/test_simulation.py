"""The product's decisions under every trouble we know how to make, and what a seed means."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mt5_simulator
from tests.simulation.checker import INVARIANTS
from tests.simulation.many import quiet
from tests.simulation.running import run_seed

ROOT = Path(__file__).parents[2]
# Seeds of every test run; `make simulate` runs as many as wanted.
SEEDS = range(200)
IN_ONE_TEST = 10
# Where decisions are made: nothing there may ask a clock or chance by itself.
DECIDING = (
    *(ROOT / "bridge/countersign_bridge").glob("trading/*.py"),
    *(ROOT / "bridge/countersign_bridge").glob("reporting/*.py"),
    *(
        ROOT / "bridge/countersign_bridge" / name
        for name in (
            *("bridge.py", "situation.py", "effects.py", "intents.py", "fingerprints.py"),
            *("channel/session.py", "channel/outbox.py", "channel/frames.py"),
            *("journal/recovery.py", "terminal/fence.py"),
        )
    ),
    *(
        ROOT / "server/countersign_server/execution" / f"{name}.py"
        for name in (
            *("grants", "intake", "opening", "feeding", "command_clock", "reports", "reporting"),
            *("deals", "digests", "fills", "lifecycle", "limits", "mandates", "outbox"),
            *("presumption", "session", "live_session", "transitions", "tags"),
        )
    ),
    *(
        ROOT / "server/countersign_server/guards" / f"{name}.py"
        for name in (
            *("attending", "attempts", "bridge_story", "closer", "closing_plan", "guard_close"),
            *("keeping", "news", "persons_word", "records", "telling", "view"),
        )
    ),
)
BANNED = {
    *("time.time", "time.monotonic", "time.perf_counter", "datetime.now", "datetime.utcnow"),
    *("random.random", "random.choice", "random.Random", "uuid4", "uuid1", "uuid.uuid4"),
    *("secrets.token_bytes", "secrets.token_hex", "os.urandom", "time.sleep"),
}


@pytest.fixture(autouse=True)
def _no_terminal_left_behind() -> object:
    quiet()
    yield
    mt5_simulator.shutdown()
    mt5_simulator.detach()


@pytest.mark.parametrize("first", SEEDS[::IN_ONE_TEST])
def test_what_people_are_told_is_what_the_brokers_books_say(first: int) -> None:
    for seed in range(first, first + IN_ONE_TEST):
        verdict = run_seed(seed)
        told = [f"{one.invariant}: {one.detail}" for one in verdict.violations]
        assert not told, f"make simulate SEED={seed}\n" + "\n".join((*told, *verdict.lines[-60:]))


def test_a_seed_is_the_same_run_whatever_python_hashes_by() -> None:
    program = (
        "from tests.simulation.many import quiet; from tests.simulation.running import run_seed; "
        "quiet(); print([run_seed(seed, traced=True).digest for seed in (3, 7, 11)])"
    )
    digests = {
        subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2", "777")
    }
    assert len(digests) == 1


def test_another_seed_is_another_run() -> None:
    assert run_seed(1, traced=True).digest != run_seed(2, traced=True).digest


@pytest.mark.parametrize("path", DECIDING, ids=lambda path: str(path.relative_to(ROOT)))
def test_decisions_are_told_the_time_and_given_their_chance(path: Path) -> None:
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    asked = {ast.unparse(call.func) for call in calls} & BANNED
    assert not asked, "take it as an argument, so that a run can be repeated"


def test_what_was_found_names_a_test_that_keeps_it_from_coming_back() -> None:
    found = json.loads((ROOT / "docs/proof/found.json").read_text())["found"]
    for one in found:
        path, _, name = one["test"].partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(), one["test"]
        assert one["invariant"] in INVARIANTS
