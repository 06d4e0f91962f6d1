"""How long to wait before trying again."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double up to a limit.

    Each is between half and the whole of its length, so that clients do not march in step.
    """

    first: timedelta = timedelta(milliseconds=100)
    longest: timedelta = timedelta(seconds=5)

    def wait(self, failures: int, chance: float) -> timedelta:
        """Return the wait after `failures` failures in a row, the first being 1.

        `chance` is random, from 0 up to 1.
        """
        # Beyond 2^20 the limit holds anyway, and the number stays small.
        whole = min(self.first * 2 ** min(failures - 1, 20), self.longest)
        return whole * (1 + chance) / 2
