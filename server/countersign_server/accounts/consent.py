"""The text that an owner accepts when an account follows a strategy, version by version."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of the text. Never changes."""

    version: str
    text: str
    text_sha256: str
    published_at: datetime
