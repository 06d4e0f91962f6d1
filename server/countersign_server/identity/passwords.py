"""How passwords are kept, and checked without giving the server's memory to whoever asks."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from countersign_server.errors import Exhausted

LENGTH_MIN = 12
LENGTH_MAX = 200

# Beyond it a caller is refused at once: it would wait longer than a call may take.
WAITING_MAX = 200

Answer = TypeVar("Answer")


def argon2id() -> PasswordHasher:
    """Return the hasher with OWASP's parameters: 19 MiB, two passes, one lane."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Passwords:
    """Hashes and checks passwords in threads of its own, `at_once` at a time and no more."""

    def __init__(self, *, at_once: int, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="password")
        self._waiting = 0
        # Checked where there is no user, so that the time tells nobody who exists.
        self._nobody = hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return what is stored of a password. Raises Exhausted."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def check(self, stored: str | None, password: str) -> str | None:
        """Return the hash to store from now on, or None if the password is wrong.

        It is `stored` itself, unless that was made with other parameters. `stored` None: there is
        no such user; it costs the same. Raises Exhausted.
        """
        return await self._in_thread(lambda: self._check(stored, password))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check(self, stored: str | None, password: str) -> str | None:
        try:
            self._hasher.verify(stored or self._nobody, password)
        except VerifyMismatchError:
            return None
        if stored is not None and self._hasher.check_needs_rehash(stored):
            return self._hasher.hash(password)
        return stored

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        if self._waiting >= WAITING_MAX:
            raise Exhausted("too many people are signing in at this moment; nothing was checked")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
