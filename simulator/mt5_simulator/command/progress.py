"""What a served terminal says while it runs: each request, how far it is, and how fast."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mt5_simulator.broker.broker import Received
from mt5_simulator.broker.codes import Action

SUMMARY_SECONDS = 10.0
"""How often it says how far it is, when something happens at all."""

SHARE_STEP = 10
"""It also says so each time as many percent more of a recording have been played."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The prices that are played: what they are, and from when to when."""

    name: str
    starts_at: datetime
    ends_at: datetime

    def __str__(self) -> str:
        return f"{self.name} from {self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M}"

    def percent(self, now: datetime) -> int:
        """Return how much of it has been played at `now`."""
        length = max((self.ends_at - self.starts_at).total_seconds(), 1.0)
        played = (now - self.starts_at).total_seconds() / length
        return int(100 * min(max(played, 0.0), 1.0))


class Progress:
    """Counts requests and says what becomes of them. `clock` tells seconds, from any zero."""

    def __init__(
        self,
        say: Callable[[str], None],
        clock: Callable[[], float],
        recording: Recording | None = None,
    ) -> None:
        self._say = say
        self._clock = clock
        self._recording = recording
        self._requests = 0
        self._began = self._said_at = clock()
        self._percent_said = 0
        if recording is not None:
            say(f"plays {recording} (UTC)")

    def note(self, received: Sequence[Received], now: datetime) -> None:
        """Say what has been asked for, and now and then how far it all is."""
        for request in received:
            self._requests += 1
            self._say(_line(request))
        percent = self._recording.percent(now) if self._recording else 0
        is_time = bool(received) and self._clock() - self._said_at >= SUMMARY_SECONDS
        is_further = percent >= self._percent_said + SHARE_STEP
        if is_time or is_further or percent == 100 > self._percent_said:  # noqa: PLR2004  # all of it
            self._percent_said = percent
            self._said_at = self._clock()
            self._say(self.summary(now))

    def summary(self, now: datetime) -> str:
        """Return how many requests there were, how fast, and how much has been played."""
        seconds = self._clock() - self._began
        rate = self._requests / seconds if seconds else 0.0
        parts = [f"{self._requests} requests in {seconds:.0f} s ({rate:.1f}/s)"]
        if self._recording is not None:
            percent = self._recording.percent(now)
            parts.append(f"{percent}% of the recording played, to {now:%Y-%m-%d %H:%M:%S} UTC")
            if now >= self._recording.ends_at:
                parts.append("the recording is over and prices stand still")
        return "; ".join(parts)


def _line(received: Received) -> str:
    """Return a request and what came of it, on one line."""
    request, answer = received.request, received.answer
    names = {member.value: member.name for member in Action}
    outcome = "put off" if answer is None else f"{answer.retcode.value} {answer.retcode.text}"
    parts = (
        f"{received.at:%H:%M:%S.%f}"[:-3],
        str(received.login),
        names.get(request.action, str(request.action)),
        request.symbol or f"position {request.position}",
        str(request.volume),
        f"magic {request.magic}",
        f"-> {outcome}",
    )
    return "  ".join(parts)
