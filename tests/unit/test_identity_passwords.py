"""Passwords: the parameters of their hashes, and how many are computed at once."""

import asyncio
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from countersign_server.errors import Exhausted
from countersign_server.identity.passwords import WAITING_MAX, Passwords, argon2id
from tests.fixtures.counting_hasher import CountingHasher


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def passwords(hasher: CountingHasher) -> Iterator[Passwords]:
    passwords = Passwords(at_once=2, hasher=hasher)
    yield passwords
    passwords.close()


def test_hashes_are_argon2id_with_the_parameters_that_owasp_names() -> None:
    parameters = extract_parameters(argon2id().hash("correct horse battery"))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)


async def test_a_right_password_keeps_its_hash(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse battery")
    assert await passwords.check(stored, "correct horse battery") == stored


async def test_a_wrong_password_and_nobody_are_refused(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse battery")
    assert await passwords.check(stored, "wrong horse battery") is None
    assert await passwords.check(None, "correct horse battery") is None


async def test_nobody_costs_as_much_as_somebody(
    passwords: Passwords, hasher: CountingHasher
) -> None:
    stored = await passwords.hash("correct horse battery")

    await passwords.check(stored, "guess")
    await passwords.check(None, "guess")

    somebody, nobody = (extract_parameters(checked) for checked in hasher.checked)
    assert somebody == nobody


async def test_a_hash_with_other_parameters_is_made_anew(passwords: Passwords) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse battery")
    better = await passwords.check(old, "correct horse battery")
    assert better is not None
    assert better != old
    assert await passwords.check(better, "correct horse battery") == better


async def test_many_check_no_more_than_the_cap_at_once(
    passwords: Passwords, hasher: CountingHasher
) -> None:
    stored = await passwords.hash("correct horse battery")

    checked = await asyncio.gather(*(passwords.check(stored, "guess") for _ in range(40)))

    assert checked == [None] * 40
    assert hasher.most_at_once == 2


async def test_whoever_would_wait_too_long_is_refused_at_once() -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords = Passwords(at_once=1, hasher=cheap)
    waiting = [passwords.check(None, "guess") for _ in range(WAITING_MAX + 3)]

    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert sum(isinstance(answer, Exhausted) for answer in answers) == 3
    # And those who come later are served again.
    assert await passwords.check(None, "guess") is None
    passwords.close()
