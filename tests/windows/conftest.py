"""These tests need a Windows Python: `make windows` prepares it and runs them."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.windows.windows_python import wine_environment

if "COUNTERSIGN_WINDOWS" not in os.environ:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def wine_ends_with_the_run() -> Iterator[None]:
    """Leave no process of this prefix behind."""
    yield
    subprocess.run(
        ["wineserver", "--kill"],  # noqa: S607  # wherever Wine is installed
        env=wine_environment(),
        check=False,
        timeout=30,
    )


@pytest.fixture(autouse=True)
def show(capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Iterator[None]:
    """Print what a test recorded as run: a run that shows nothing proves nothing."""
    yield
    for name, value in request.node.user_properties:
        with capfd.disabled():
            print(f"\n  {name}: {value}")  # noqa: T201  # asked for by who runs it
