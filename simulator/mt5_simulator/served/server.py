"""Serves one terminal to programs and to whoever controls the run."""

import socketserver
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from mt5_simulator.broker.broker import Received
from mt5_simulator.served import wire
from mt5_simulator.served.address import Address
from mt5_simulator.served.books import save
from mt5_simulator.served.controls import READ_ONLY, Impossible, carry_out
from mt5_simulator.terminal.answers import ANSWERS
from mt5_simulator.terminal.link import ask
from mt5_simulator.terminal.terminal import Terminal


class Served:
    """A terminal with its durable file: nothing is answered before it is on disk."""

    def __init__(
        self,
        terminal: Terminal,
        state: Path | None,
        report: Callable[[Received], None] | None = None,
    ) -> None:
        self.terminal = terminal
        self._state = state
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
            for request in received[self._reported :]:
                self._report(request)
            self._reported = len(received)

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        details = message.get("details", {})
        if "control" in message:
            try:
                value = carry_out(self.terminal, message["control"], details)
            except Impossible as error:
                return {"refused": str(error)}
            if message["control"] not in READ_ONLY:
                # Some operations change what no counter counts, such as a symbol's terms.
                self._saved = None
                self.save()
            return {"value": value}
        call = str(message.get("call"))
        if call not in ANSWERS:
            return {"refused": f"call {call!r} is not a function of the package"}
        with self.terminal.lock:
            reply = ask(self.terminal, call, details)
            self.save()
        self._report_new()
        if reply.wait_seconds is None:
            threading.Event().wait()  # a hang is for ever, whatever clock the broker lives by
        elif reply.wait_seconds:
            self.terminal.clock.wait(reply.wait_seconds)
        return asdict(reply)

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
                save(broker, self._state)
                self._saved = present


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)  # noqa: S101  # the only server that uses it
        try:
            while (message := wire.read(self.rfile)) is not None:
                wire.write(self.wfile, server.answer(message))
        except (ConnectionError, ValueError):
            # The program was killed, or was no program of ours. What it ordered is the broker's by
            # now, and nobody is left to tell.
            return


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, address: Address, answer: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        self.answer = answer
        self.address_family = address.family
        if address.path:
            Path(address.path).unlink(missing_ok=True)
        super().__init__(address.name, _Handler)  # pyright: ignore[reportArgumentType]  # a path, for a unix socket


class Service:
    """A server running in a thread of its own, inside a `with` block."""

    def __init__(self, served: Served, address: Address) -> None:
        self._server = _Server(address, served.handle)
        bound = self._server.server_address
        self.address = address if address.path else Address(host=address.host, port=int(bound[1]))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self.address.path:
            Path(self.address.path).unlink(missing_ok=True)
