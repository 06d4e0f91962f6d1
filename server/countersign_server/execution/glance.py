"""What one look at an account shows its bridge's session."""

from collections.abc import Sequence
from dataclasses import dataclass

from countersign_server.execution.command import Command
from countersign_server.execution.symbols import MappedSymbol
from countersign_server.execution.trading import Trading


@dataclass(frozen=True, slots=True)
class Glance:
    """An account's trading state, its symbols in name order, and its commands, oldest first."""

    trading: Trading
    symbols: Sequence[MappedSymbol]
    not_over: Sequence[Command]
