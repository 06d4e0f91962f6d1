"""A person settles a command in doubt from the command line, in a script and at a terminal."""

import asyncio
import json
import os
import pty
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from countersign.v1 import execution_pb2 as pb
from tests.fixtures.bridge_end import bridge_end
from tests.fixtures.channel_stories import becomes, granted, state_of
from tests.fixtures.world import Device, Owner, Producer, World, world

COUNTERSIGN = (sys.executable, "-c", "from countersign_client.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a command line and a token."""

    environment: dict[str, str]

    async def run(self, *words: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *COUNTERSIGN,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment,
        )
        output, errors = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode(), errors.decode()

    async def read(self, *words: str) -> Any:  # JSON
        code, output, errors = await self.run(*words, "--json")
        assert code == 0, errors
        return json.loads(output)

    async def answer(self, *words: str, answers: str) -> tuple[int, str]:
        """Run at a terminal, where questions can be asked; return its exit code and its screen."""
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *COUNTERSIGN, *words, stdin=theirs, stdout=theirs, stderr=theirs, env=self.environment
        )
        os.close(theirs)
        os.write(ours, answers.encode())
        screen = await asyncio.to_thread(_everything, ours)
        code = await process.wait()
        os.close(ours)
        return code, screen


def _everything(terminal: int) -> str:
    read = b""
    with suppress(OSError):  # how a terminal says that nobody writes to it any more
        while part := os.read(terminal, 4096):
            read += part
    return read.decode()


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    doubt_after, presume_after = timedelta(milliseconds=300), timedelta(hours=1)
    async with world(
        database_url, tmp_path, doubt_after=doubt_after, presume_after=presume_after
    ) as running:
        yield running


@pytest.fixture
async def doubt(it: World, owner: Owner, producer: Producer, device: Device) -> pb.Grant:
    async with bridge_end(it, owner, device) as bridge:
        _, grant = await granted(it, owner, producer, bridge)
        await becomes(it, grant.command_id, "in-doubt")
    return grant


@pytest.fixture
def person(it: World, owner: Owner, tmp_path: Path) -> Person:
    ((_, bearer),) = owner.metadata
    return Person(
        {
            "PATH": os.environ["PATH"],
            "COUNTERSIGN_ADDRESS": it.addresses.public,
            "COUNTERSIGN_TOKEN": bearer.removeprefix("Bearer "),
            "COUNTERSIGN_CONFIG": str(tmp_path / "none.toml"),
            "TERM": "dumb",
        }
    )


async def test_a_doubt_is_listed_and_shown_with_what_was_sent(
    person: Person, doubt: pb.Grant
) -> None:
    (listed,) = await person.read("in-doubt", "list")
    assert listed["commandId"] == doubt.command_id
    shown = await person.read("in-doubt", "show", doubt.command_id)
    assert shown["command"]["state"] == "COMMAND_STATE_IN_DOUBT"
    code, table, _ = await person.run("in-doubt", "show", doubt.command_id)
    assert code == 0
    assert doubt.command_id in table
    assert shown["summary"] in table


async def test_a_script_says_it_twice_and_only_the_second_time_counts(
    it: World, person: Person, doubt: pb.Grant
) -> None:
    settle = ("in-doubt", "settle", doubt.command_id, "--as", "not-executed", "--reason", "asked")
    code, _, errors = await person.run(*settle)
    assert code != 0
    assert len(errors.splitlines()) == 1
    assert "--yes" in errors
    first = await person.read(*settle, "--yes")
    assert first["confirmationToken"]
    assert len(await person.read("in-doubt", "list")) == 1
    done = await person.read(*settle, "--yes", "--token", first["confirmationToken"])
    assert done["command"]["settledAs"] == "SETTLEMENT_NOT_EXECUTED"
    assert await person.read("in-doubt", "list") == []
    assert await state_of(it, doubt.command_id) == "in-doubt"


async def test_at_a_terminal_it_asks_twice_and_no_leaves_everything_as_it_was(
    person: Person, doubt: pb.Grant
) -> None:
    settle = ("in-doubt", "settle", doubt.command_id, "--as", "not-executed", "--reason", "asked")
    code, screen = await person.answer(*settle, answers="y\nn\n")
    assert code != 0
    assert "Have you looked at the terminal yourself?" in screen
    assert "Do this?" in screen
    assert len(await person.read("in-doubt", "list")) == 1
    code, screen = await person.answer(*settle, answers="y\ny\n")
    assert code == 0, screen
    assert await person.read("in-doubt", "list") == []


async def test_what_is_executed_needs_its_ticket(person: Person, doubt: pb.Grant) -> None:
    settle = ("in-doubt", "settle", doubt.command_id, "--as", "executed", "--reason", "seen")
    code, _, errors = await person.run(*settle, "--yes")
    assert code != 0
    assert "ticket" in errors
    assert len(errors.splitlines()) == 1
