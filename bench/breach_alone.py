"""From the fall of a price to the first close that a bridge, alone, sends to the terminal."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from countersign_bridge.journal.records import Record, RecordKind
from countersign_bridge.journal.store import open_journal, read_journal
from countersign_guards.policy import Limit, LossRule, Patience, Policy, Reference
from countersign_guards.policy_text import policy_text
from mt5_simulator.served.address import parsed_address
from mt5_simulator.served.client import control

_PATIENCE_S = 60.0
# As often as a terminal can be read without burdening it; a second is what is delivered.
_WATCH_S = 0.02
# A bridge that has just started gives its server three seconds to be there.
_START_PATIENCE_S = 4.0
_NOBODY = "127.0.0.1:9"


def seconds_to_first_close() -> float:
    """Return how long it takes one bridge, whose policy asks for no patience and no alert."""
    with tempfile.TemporaryDirectory(prefix="countersign-bench-guard-") as name:
        folder = Path(name)
        with _terminal(folder) as address, _bridge(folder, address):
            _price(address, "1.08500")
            deal = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": "5"}
            request = {**deal, "price": "1.08510", "deviation": 1000}
            control(parsed_address(address), "send", {"request": request})
            _wait(lambda: _has_seen(folder))
            time.sleep(_START_PATIENCE_S)
            sent = len(_received(address))
            # A quarter of the account, and far from where its broker would close by itself.
            _price(address, "1.08000")
            began = time.perf_counter()
            _wait(lambda: len(_received(address)) > sent, pause_s=0.001)
            return time.perf_counter() - began


@contextmanager
def _terminal(folder: Path) -> Generator[str]:
    command = [
        *(sys.executable, "-m", "mt5_simulator", "serve", "--listen", "127.0.0.1:0"),
        *("--state", str(folder / "books"), "--account", "1000001", "--always-open"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own
        try:
            if process.stdout is None:
                raise AssertionError("its output is a pipe")
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@contextmanager
def _bridge(folder: Path, terminal: str) -> Generator[None]:
    """Run a bridge whose server is not there."""
    state = folder / "state"
    _take_policy(state)
    environment = {
        "COUNTERSIGN_BRIDGE_STATE_DIR": str(state),
        "COUNTERSIGN_BRIDGE_SERVER_ADDRESS": _NOBODY,
        "COUNTERSIGN_BRIDGE_DEVICE_ID": str(uuid4()),
        "COUNTERSIGN_BRIDGE_DEVICE_SECRET": "csd_bench",
        "COUNTERSIGN_BRIDGE_APPROVAL_KEYS": f"apr_bench={bytes(32).hex()}",
        "COUNTERSIGN_BRIDGE_TERMINAL_MODULE": "mt5_simulator",
        "COUNTERSIGN_BRIDGE_TERMINAL_PATH": f"sim:{terminal}",
        "COUNTERSIGN_BRIDGE_WATCH_INTERVAL": f"PT{_WATCH_S}S",
    }
    with (
        (folder / "bridge.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "countersign_bridge", "run"],
            env={**os.environ, **environment},
            stderr=log,
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def _take_policy(state: Path) -> None:
    """Write a policy down as one that was taken: a tenth of the peak, at the first sight of it."""
    at_once = Patience(
        persistence=timedelta(0), views=1, suspect_persistence=timedelta(0), alert=timedelta(0)
    )
    rule = LossRule("drawdown", Reference.PEAK_EQUITY, Limit(fraction=Decimal("0.1")))
    text = policy_text(Policy("USD", losses=(rule,), patience=at_once))
    journal = open_journal(state, lambda: str(uuid4()))
    details = {"version": 1, "text": text}
    journal.append([Record(RecordKind.POLICY, datetime.now(UTC), details=details)])
    journal.close()


def _has_seen(folder: Path) -> bool:
    """Whether the guard remembers the account: it has seen what is held."""
    journal = read_journal(folder / "state")
    try:
        kept = [one.record for one in journal.records()]
    finally:
        journal.close()
    deals = sum(record.kind is RecordKind.DEAL for record in kept)
    return deals > 1 and any(record.kind is RecordKind.MEMORY for record in kept)


def _received(address: str) -> list[Any]:
    return list(control(parsed_address(address), "truth", {})["received"])


def _price(address: str, bid: str) -> None:
    ask = str(Decimal(bid) + Decimal("0.0001"))
    control(parsed_address(address), "price", {"symbol": "EURUSD", "bid": bid, "ask": ask})


def _wait(holds: Callable[[], bool], *, pause_s: float = 0.1) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("the bridge closed nothing")
        time.sleep(pause_s)
