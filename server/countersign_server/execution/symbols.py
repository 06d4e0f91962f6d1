"""Which symbol an account's instrument is, as execution tells bridges."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MappedSymbol:
    """One instrument of an account, as its owner confirmed it."""

    instrument: str
    symbol: str  # as the broker names it
    fingerprint: str  # of the symbol's properties then
