"""Runs the measured calls on a module and says where it differs.

The vectors hold calls as Python expressions over the module's own names and a few more (`VALID`,
`executor`, `np`...), with the result's `repr` and the error remembered afterwards; a null error was
not measured. Their order matters: a call that raises leaves the error of the one before.
"""

import asyncio
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from importlib import resources
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

VALID = {
    "action": 1,
    "symbol": "EURUSD",
    "volume": 0.1,
    "type": 0,
    "price": 1.1,
    "sl": 1.0,
    "tp": 1.2,
    "deviation": 10,
    "magic": 1,
    "comment": "hint",
    "type_time": 0,
    "type_filling": 0,
}


class DictSubclass(dict[str, object]):
    """A dict that is not exactly a dict."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a module is not what was measured."""

    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.what}\n  expected {self.expected}\n  found    {self.found}"


def vectors() -> dict[str, Any]:
    """Return the measurements that come with this package."""
    file = resources.files("mt5_simulator.conformance") / "vectors.json"
    return json.loads(file.read_text(encoding="utf-8"))


def differences(module: ModuleType, measured: dict[str, Any]) -> Iterator[Difference]:
    """Compare a freshly imported module, without a terminal, with what was measured."""
    for name in measured["functions"]:
        if not callable(getattr(module, name, None)):
            yield Difference(name, "a function", "nothing")
    for name, value in measured["constants"].items():
        found = getattr(module, name, None)
        if found != value:
            yield Difference(name, repr(value), repr(found))
    for name, fields in measured["structures"].items():
        found = list(getattr(module, name).__match_args__)
        if found != fields:
            yield Difference(name, repr(fields), repr(found))
    with ThreadPoolExecutor(1) as executor:
        names = _names(module, executor)
        for call in measured["calls"]:
            yield from _compared(module, names, call)


def _compared(
    module: ModuleType, names: dict[str, Any], call: dict[str, Any]
) -> Iterator[Difference]:
    try:
        result = repr(eval(call["call"], names))  # noqa: S307  # this package's own vectors
    except Exception as error:  # noqa: BLE001  # whatever the call raises is the finding
        result = f"RAISED {error!r}"
    if result != call["result"]:
        yield Difference(call["call"], call["result"], result)
    if call["last_error"] is None:
        return
    expected, found = tuple(call["last_error"]), module.last_error()
    if found != expected:
        yield Difference(f"last_error() after {call['call']}", repr(expected), repr(found))


def _names(module: ModuleType, executor: ThreadPoolExecutor) -> dict[str, Any]:
    return {
        **{name: getattr(module, name) for name in dir(module)},
        "MappingProxyType": MappingProxyType,
        "OrderedDict": OrderedDict,
        "DictSubclass": DictSubclass,
        "UTC": UTC,
        "VALID": VALID,
        "date": date,
        "datetime": datetime,
        "error_of": _error_of,
        "executor": executor,
        "in_thread": _in_thread,
        "inf": float("inf"),
        "nan": float("nan"),
        "np": np,
        "partial": partial,
        "run_in_executor": _in_loop_executor,
        "to_thread": _to_thread,
        "without": _without,
    }


def _error_of(function: Callable[..., object], *arguments: object) -> str | None:
    """Return the kind of error a call raises, where its text is the interpreter's own."""
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001  # whatever the call raises is the finding
        return type(error).__name__
    return None


def _in_thread(function: Callable[..., object], *arguments: object) -> None:
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join()


def _in_loop_executor(function: Callable[..., object], *arguments: object) -> object:
    async def run() -> object:
        return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)

    return asyncio.run(run())


def _to_thread(function: Callable[..., object], *arguments: object) -> object:
    return asyncio.run(asyncio.to_thread(function, *arguments))


def _without(name: str) -> dict[str, object]:
    return {key: value for key, value in VALID.items() if key != name}
