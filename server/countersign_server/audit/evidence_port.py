"""What the audit needs of later areas to hand out evidence: the lines of it, in pieces."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of which signals evidence is asked for. None: of all."""

    signal_id: UUID | None
    start_time: datetime | None
    end_time: datetime | None

    @property
    def is_everything(self) -> bool:
        return (self.signal_id, self.start_time, self.end_time) == (None, None, None)


# By tenant (None: everybody). The app hands it over, so that the audit imports no later area.
TellEvidence = Callable[[UUID | None, Asked], AsyncGenerator[Sequence[bytes]]]
