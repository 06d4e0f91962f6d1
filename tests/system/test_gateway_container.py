"""How a container says that it is well."""

import os
import subprocess
import sys
from pathlib import Path

from gateway.run import running
from tests.fixtures.gateway_world import Records, serving, settings_for

PROJECT = Path(__file__).resolve().parents[2]


def asked(*command: str | Path, **environment: str) -> int:
    return subprocess.run(  # noqa: S603  # our own programs
        [sys.executable, *command], cwd=PROJECT, env={**os.environ, **environment}, check=False
    ).returncode


def test_a_gateway_that_runs_is_ready_and_one_that_does_not_is_not(tmp_path: Path) -> None:
    question = ("-m", "gateway.run", "--ready", "--directory", tmp_path)
    with running(settings_for("127.0.0.1:1"), tmp_path):
        assert asked(*question) == 0
    assert asked(*question) == 1


def test_a_server_that_serves_is_well_and_one_that_is_gone_is_not(tmp_path: Path) -> None:
    script = PROJECT / "deploy/server_health.py"
    with serving(Records(), f"unix:{tmp_path}/server.sock") as address:
        assert asked(script, COUNTERSIGN_LISTEN=address) == 0
    assert asked(script, COUNTERSIGN_LISTEN=address) == 1
