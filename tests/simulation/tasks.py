"""The product's coroutines, driven by the kernel: they run until they wait for the database."""

from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.simulation.kernel import Kernel

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Pause:
    """What a coroutine waits for here: nothing but time."""

    seconds: float

    def __await__(self) -> Generator["Pause", None, None]:
        yield self


class Task:
    """One coroutine under way. Stopped, it never goes on, and nobody hears of it."""

    def __init__(self, coroutine: Coroutine[Pause, None, Any]) -> None:
        self._coroutine = coroutine
        self._is_over = False
        self._is_running = False

    def stop(self) -> None:
        if not self._is_over:
            self._is_over = True
            # One that stops itself comes to its end by itself.
            if not self._is_running:
                self._coroutine.close()

    def step(self, kernel: Kernel, done: Callable[[Any], None]) -> None:
        """Run to the next pause, or to the end."""
        if self._is_over:
            return
        self._is_running = True
        try:
            pause = self._coroutine.send(None)
        except StopIteration as ended:
            self._is_over = True
            done(ended.value)
            return
        except BaseException:
            self._is_over = True
            raise
        finally:
            self._is_running = False
        kernel.after(pause.seconds, lambda: self.step(kernel, done))
