"""Which names of a broker mean the same instrument."""

from collections.abc import Iterable, Mapping


class SymbolNames:
    """Reads a broker's names whatever their case and their suffix.

    What the owner confirmed ("EURUSD.r" is EURUSD) also tells the broker's suffix, by which its
    other names are read.
    """

    def __init__(self, confirmed: Mapping[str, str]) -> None:
        """Learn from `confirmed`: each broker's symbol and its instrument."""
        self._instruments = {
            symbol.upper(): instrument.upper() for symbol, instrument in confirmed.items()
        }
        self._suffixes = sorted(_suffixes(self._instruments.items()), key=len, reverse=True)

    def instrument_of(self, symbol: str) -> str:
        """Return the instrument that a name means; a name that tells none is its own."""
        name = symbol.upper()
        known = self._instruments.get(name)
        if known is None:
            suffix = next((s for s in self._suffixes if name.endswith(s) and name != s), "")
            known = self._instruments[name] = name.removesuffix(suffix)
        return known


def _suffixes(confirmed: Iterable[tuple[str, str]]) -> set[str]:
    return {
        symbol.removeprefix(instrument)
        for symbol, instrument in confirmed
        if symbol.startswith(instrument) and symbol != instrument
    }
