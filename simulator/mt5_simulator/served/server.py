"""Serves one terminal to programs and to whoever controls the run."""

import os
import socketserver
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from mt5_simulator.broker.broker import Received
from mt5_simulator.clock import VirtualClock
from mt5_simulator.served import wire
from mt5_simulator.served.address import Address
from mt5_simulator.served.books import save
from mt5_simulator.served.claim import claimed
from mt5_simulator.served.controls import READ_ONLY, Impossible, carry_out
from mt5_simulator.served.texts import Texts
from mt5_simulator.terminal.answers import ANSWERS
from mt5_simulator.terminal.link import ask
from mt5_simulator.terminal.terminal import Terminal

Report = Callable[[Sequence[Received], datetime], None]
"""Told after each message: the requests that are new, and the broker's time."""

MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What details of the wrong shape make of a call. Nothing has been done by then."""


class Served:
    """A terminal with its durable file: nothing is answered before it is on disk."""

    def __init__(
        self,
        terminal: Terminal,
        state: Path | None,
        report: Report | None = None,
    ) -> None:
        self.terminal = terminal
        self._state = state
        self._texts = Texts()
        self._report = report
        self._reported = len(terminal.broker.received)
        self._saved: tuple[object, ...] | None = None

    def handle(self, message: dict[str, Any]) -> dict[str, Any]:
        """Answer one message, after waiting as long as a fault demands."""
        answer = self._answer(message)
        self._report_new()
        return answer

    def _report_new(self) -> None:
        if self._report is None:
            return
        with self.terminal.lock:
            received = self.terminal.broker.received
            self._report(received[self._reported :], self.terminal.broker.now)
            self._reported = len(received)

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        given: object = message.get("details", {})
        if not isinstance(given, dict):
            return {"refused": f"details must be an object, not {given!r:.100}"}
        details = cast("dict[str, Any]", given)
        if "control" in message:
            return self._controlled(str(message["control"]), details)
        call = str(message.get("call"))
        if call not in ANSWERS:
            return {"refused": f"call {call!r:.100} is not a function of the package"}
        with self.terminal.lock:
            try:
                reply = ask(self.terminal, call, details)
            except MALFORMED as error:
                return {"refused": f"{call} cannot be asked with these details: {error!r:.300}"}
            self.save()
            asked_at = self.terminal.clock.now()
        self._report_new()
        self._keep_waiting(asked_at, reply.wait_seconds)
        return asdict(reply)

    def _controlled(self, operation: str, details: dict[str, Any]) -> dict[str, Any]:
        try:
            value = carry_out(self.terminal, operation, details)
        except Impossible as error:
            return {"refused": str(error)}
        if operation not in READ_ONLY:
            # Some operations change what no counter counts, such as a symbol's terms.
            self._saved = None
            self.save()
        return {"value": value}

    def _keep_waiting(self, since: datetime, seconds: float | None) -> None:
        """Hold an answer back for as long as a hang lasts."""
        clock = self.terminal.clock
        if seconds is None:
            threading.Event().wait()  # for ever, whatever clock the broker lives by
        elif isinstance(clock, VirtualClock):
            # Moving the clock is for whoever controls the run, and not for a call that hangs.
            clock.wait_until(since + timedelta(seconds=seconds))
        elif seconds:
            clock.wait(seconds)

    def save(self) -> None:
        """Write the books if they changed since the last time."""
        if self._state is None:
            return
        with self.terminal.lock:
            broker = self.terminal.broker
            present = (
                len(broker.received),
                len(broker.put_off),
                *(account.version for account in broker.accounts.values()),
                frozenset(broker.market.halted),
                tuple(broker.market.quotes[name] for name in sorted(broker.market.halted)),
            )
            if present != self._saved:
                save(broker, self._state, self._texts)
                self._saved = present


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)  # noqa: S101  # the only server that uses it
        try:
            while self._handle_one(server):
                pass
        except OSError:
            # The program was killed. What it ordered is the broker's by now, and nobody is left to
            # tell.
            return

    def _handle_one(self, server: "_Server") -> bool:
        """Answer one message. False when there can be no more."""
        try:
            message = wire.read(self.rfile)
        except wire.LineTooLong as error:
            wire.write(self.wfile, {"refused": str(error)})
            return False  # where the next message begins is unknown
        except (ValueError, RecursionError) as error:
            wire.write(self.wfile, {"refused": f"a message must be a JSON object: {error!s:.300}"})
            return True
        if message is None:
            return False
        wire.write(self.wfile, server.answer(message))
        return True


def _remove_stale(address: Address) -> None:
    """Remove the socket that a killed server left behind. Raises ValueError for any other file."""
    path = Path(address.path)
    if not address.path or not path.exists():
        return
    if not path.is_socket():
        raise ValueError(f"{address} names a file that is no socket: name another address")
    path.unlink()


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    # On Windows it would let two servers have one port.
    allow_reuse_address = os.name != "nt"

    def __init__(
        self, address: Address, answer: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        self.answer = answer
        self.address_family = address.family
        _remove_stale(address)
        try:
            super().__init__(address.name, _Handler)  # pyright: ignore[reportArgumentType]  # a path, for a unix socket
        except OSError as error:
            raise ValueError(
                f"{address} cannot be listened on, {error.strerror}: end what uses it, or name "
                "another address"
            ) from error


@contextmanager
def serving(served: Served, address: Address) -> Generator[Address]:
    """Answer programs inside the block, and provide where. Raises ValueError when it cannot."""
    path = Path(address.path) if address.path else None
    alone = claimed(path, "end it, or name another address") if path else nullcontext()
    with alone, _Server(address, served.handle) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield address if path else replace(address, port=int(server.server_address[1]))
        finally:
            server.shutdown()
            thread.join()
            if path:
                path.unlink(missing_ok=True)
