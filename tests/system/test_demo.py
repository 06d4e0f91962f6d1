"""`make demo`, and every command of the README beside it, as whoever has just cloned meets them."""

import asyncio
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.demo_running import PROJECT, demo_environment, demo_running, processes_of

pytestmark = pytest.mark.timeout(400)
README = (PROJECT / "README.md").read_text()
MAKE = {"make demo": "this test runs it", "make test": "this test is run by it"}


def blocks() -> list[str]:
    """The README's commands, block by block, but those that this very test stands for."""
    found = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [block for block in found if not block.startswith(tuple(MAKE))]


STOPPED = """
export COUNTERSIGN_ADDRESS=$(.venv/bin/python -m demo.facts addresses.grpc)
export COUNTERSIGN_TOKEN=$(.venv/bin/python -m demo.facts tokens.owner)
.venv/bin/countersign guards switch pull halted --reason "that is enough" \
  --account $(.venv/bin/python -m demo.facts owner.account_id)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not below pytest's own, which is closed to the user that the database runs as.
    with tempfile.TemporaryDirectory(prefix="countersign-demo-") as made:
        Path(made).chmod(0o711)
        yield Path(made) / "demo"


async def test_the_story_holds_and_every_command_of_the_readme_works_and_nothing_stays(
    folder: Path,
) -> None:
    assert {line.split("  ")[0] for line in re.findall(r"^make .*", README, re.MULTILINE)} == set(
        MAKE
    )
    async with demo_running(folder) as demo:
        await demo.hear("Stays up until ctrl-C")
        assert stat.S_IMODE(demo.facts_file.stat().st_mode) == 0o600
        for block in blocks():
            await _works(block, folder)
        async with demo_running(folder) as second:
            await second.hear(demo.facts["addresses"]["rest"])
            await second.hear("Another one beside it")
            assert await second.process.wait() == 1
        account = demo.facts["owner"]["account_id"]
        await _works(STOPPED, folder)
        assert await demo.interrupt() == 0
    assert processes_of(folder) == []

    # The second start keeps the data, what was stopped included, and ends by itself when asked to.
    async with demo_running(folder, ONCE="1") as again:
        await again.hear("resets the guard")
        await again.hear("Every step held")
        assert await asyncio.wait_for(again.process.wait(), 60) == 0
        assert again.facts["owner"]["account_id"] == account
    assert processes_of(folder) == []


async def _works(block: str, folder: Path) -> None:
    """Run a block as it stands, but for the folder of this demo."""
    script = block.replace(".demo/", f"{folder}/")
    script = script.replace("my_strategy.py", str(folder / "my_strategy.py"))
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=PROJECT,
        env=demo_environment(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, complaint = await asyncio.wait_for(shell.communicate(), 90)
    assert shell.returncode == 0, f"{block}\n{told.decode()}\n{complaint.decode()}"
    assert told.strip(), f"{block}\nsays nothing"
