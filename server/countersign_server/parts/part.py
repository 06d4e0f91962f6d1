"""What an area consists of, seen from outside."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc

from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.settings import Settings

Loop = Callable[[], Coroutine[Any, Any, None]]
Now = Callable[[], datetime]
AddService = Callable[[grpc.aio.Server], None]


@dataclass(frozen=True, slots=True)
class Ground:
    """What every area stands on."""

    settings: Settings
    database: Database
    wakeups: Wakeups
    now: Now


@dataclass(frozen=True, slots=True)
class Part:
    """An area's door, to be added to a server, and what it does at its own pace."""

    door: AddService
    loops: tuple[Loop, ...] = ()
