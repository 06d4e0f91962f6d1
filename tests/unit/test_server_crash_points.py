"""Where a test may make the server die: only where it was told, and only at a place there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from countersign_server.crash_points import CrashPoint, UnknownCrashPoint, parsed

SERVER = Path(__file__).parent.parent.parent / "server/countersign_server"


def test_a_place_is_named_with_the_pass_that_counts() -> None:
    assert parsed("before-ack") == (CrashPoint.BEFORE_ACK, 1)
    assert parsed("before-ack:3") == (CrashPoint.BEFORE_ACK, 3)


@pytest.mark.parametrize("text", ["nowhere", "before-ack:0", "before-ack:x", ":1"], ids=repr)
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UnknownCrashPoint, match="before-grant-commit"):
        parsed(text)


def test_every_place_is_in_the_code_once() -> None:
    code = "".join(path.read_text() for path in SERVER.rglob("*.py"))
    reached = re.findall(r"\breach\(CrashPoint\.(\w+)", code)
    assert sorted(reached) == sorted(point.name for point in CrashPoint)


def test_a_server_told_to_die_nowhere_does_not_start() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "countersign_server", "serve"],
        env={"PATH": "/usr/bin:/bin", "COUNTERSIGN_SERVER_CRASH_AT": "nowhere"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said.returncode == 1
    (line,) = said.stderr.splitlines()
    assert "COUNTERSIGN_SERVER_CRASH_AT" in line
    assert "before-grant-commit" in line
