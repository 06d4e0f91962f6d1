"""What it takes to write a broker's books often: what never changes is put into words once."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import cast

from mt5_simulator.broker.broker import Received
from mt5_simulator.broker.records import Deal, Order
from mt5_simulator.plain import to_plain

_LASTING = (Deal, Order, Received)


class Texts:
    """Values as JSON, the same as `to_plain` makes it; remembers deals, orders and requests."""

    def __init__(self) -> None:
        # Beside each text the record it is of: as long as that is kept, nothing else has its id.
        self._known: dict[int, tuple[object, str]] = {}
        self._before: dict[int, tuple[object, str]] = {}

    def of(self, value: object) -> str:
        """Return `value` as JSON, and forget the records that are no longer in it."""
        self._before, self._known = self._known, {}
        return self._text(value)

    def _text(self, value: object) -> str:
        if isinstance(value, _LASTING):
            return self._once(value)
        if is_dataclass(value) and not isinstance(value, type):
            names = (field.name for field in fields(value))
            return self._object((name, getattr(value, name)) for name in names)
        if isinstance(value, Mapping):
            return self._object(cast("Mapping[object, object]", value).items())
        if isinstance(value, list):
            return f"[{', '.join(map(self._text, cast('list[object]', value)))}]"
        return json.dumps(to_plain(value))

    def _object(self, items: Iterable[tuple[object, object]]) -> str:
        return f"{{{', '.join(f'{json.dumps(str(k))}: {self._text(v)}' for k, v in items)}}}"

    def _once(self, record: object) -> str:
        known = self._before.get(id(record)) or (record, json.dumps(to_plain(record)))
        self._known[id(record)] = known
        return known[1]
