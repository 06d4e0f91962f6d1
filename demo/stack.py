"""Starting every part in order, and ending them in the opposite order."""

import json
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.people import ACCOUNT, Cast
from demo.processes import Child, StartFailed, python, tail
from demo.rest import Rest
from demo.settings import DemoSettings

_READY_SECONDS = 45.0


@dataclass(slots=True)
class Stack:
    """The running parts below the bridge."""

    directory: Path
    database_url: str
    server: Child
    addresses: dict[str, str]
    gateway_url: str
    gateway_address: str
    terminal: Child
    terminal_address: str
    rest: Rest

    def logs(self) -> Path:
        return self.directory / "logs"


@contextmanager
def running(settings: DemoSettings, cast: Cast) -> Generator[Stack]:
    """Run database, server, gateway and terminal inside the block. Raises StartFailed."""
    from countersign_server.database.schema_version import migrate  # noqa: PLC0415  # slow to import
    from countersign_server.database.supervisor import (  # noqa: PLC0415
        EmbeddedPostgres,
        PostgresUnavailable,
    )
    from gateway.run import GatewayFailed, running as gateway_running  # noqa: PLC0415
    from gateway.settings import GatewaySettings  # noqa: PLC0415

    directory = settings.directory.resolve()
    # To be passed through, not read: PostgreSQL runs as another user when we are root.
    directory.chmod(0o711)
    for private in ("logs", "server", "bridge"):
        (directory / private).mkdir(mode=0o700, exist_ok=True)
    try:
        with ExitStack() as parts:
            database = parts.enter_context(EmbeddedPostgres(directory / f"postgres-{cast.run}"))
            migrate(database.url)
            _make_operator(directory, database.url, cast)
            terminal, terminal_address = _terminal(directory, cast)
            parts.callback(terminal.stop)
            server, addresses = _server(settings, directory, database.url)
            parts.callback(server.stop)
            gateway = parts.enter_context(
                gateway_running(
                    GatewaySettings(listen_port=settings.port, servers=(addresses["public"],)),
                    directory=directory / "gateway",
                )
            )
            gateway.wait_for_server()
            rest = Rest(gateway.url)
            parts.callback(rest.close)
            yield Stack(
                directory=directory,
                database_url=database.url,
                server=server,
                addresses=addresses,
                gateway_url=gateway.url,
                gateway_address=gateway.address,
                terminal=terminal,
                terminal_address=terminal_address,
                rest=rest,
            )
    except (PostgresUnavailable, GatewayFailed) as error:
        raise StartFailed(str(error)) from error


@contextmanager
def bridge_running(stack: Stack, cast: Cast) -> Generator[Child]:
    """Run the bridge beside the terminal inside the block."""
    state = stack.directory / "bridge" / cast.run
    environment = {
        "COUNTERSIGN_BRIDGE_SERVER_ADDRESS": stack.gateway_address,
        "COUNTERSIGN_BRIDGE_STATE_DIR": str(state),
        "COUNTERSIGN_BRIDGE_DEVICE_ID": cast.device_id,
        "COUNTERSIGN_BRIDGE_DEVICE_SECRET": cast.device_secret,
        "COUNTERSIGN_BRIDGE_APPROVAL_KEYS": cast.approval_keys,
        "COUNTERSIGN_BRIDGE_TERMINAL_MODULE": "mt5_simulator",
        "COUNTERSIGN_BRIDGE_TERMINAL_PATH": f"sim:{stack.terminal_address}",
    }
    bridge = Child(
        "bridge",
        python("countersign_bridge", "run"),
        log=stack.logs() / "bridge.log",
        environment=environment,
    )
    try:
        yield bridge
    finally:
        bridge.stop()


def terminal_price(stack: Stack, symbol: str) -> tuple[str, str]:
    """Return the bid and ask that the terminal shows."""
    quote = _truth(stack)["quotes"][symbol]
    return str(quote["bid"]), str(quote["ask"])


def orders_at_broker(stack: Stack) -> list[dict[str, Any]]:
    """Return every order that reached the broker, as the broker knows it."""
    return list(_truth(stack)["received"])


def _truth(stack: Stack) -> dict[str, Any]:
    command = python("mt5_simulator", "truth", "--at", stack.terminal_address, "--json")
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own
    return dict(json.loads(answer.stdout))


def _server(settings: DemoSettings, directory: Path, url: str) -> tuple[Child, dict[str, str]]:
    ready = directory / "server.json"
    ready.unlink(missing_ok=True)
    environment = {
        "COUNTERSIGN_DATABASE_URL": url,
        "COUNTERSIGN_DATA_DIR": str(directory / "server"),
        "COUNTERSIGN_LISTEN": f"127.0.0.1:{settings.server_port}",
        "COUNTERSIGN_LISTEN_INTERNAL": f"127.0.0.1:{settings.internal_port}",
        "COUNTERSIGN_METRICS_LISTEN": f"127.0.0.1:{settings.metrics_port}",
        "COUNTERSIGN_READY_FILE": str(ready),
        "COUNTERSIGN_ACCESS_TOKEN_LIFETIME": "PT55M",
        "COUNTERSIGN_DRAIN_WAIT": "PT0S",
        "COUNTERSIGN_SHUTDOWN_GRACE": "PT2S",
        # The receiver of the story's webhook is on this machine.
        "COUNTERSIGN_WEBHOOK_NETWORKS": '["127.0.0.1/32"]',
    }
    server = Child(
        "server",
        python("countersign_server", "serve"),
        log=directory / "logs/server.log",
        environment=environment,
    )
    try:
        server.wait_until(ready.exists, _READY_SECONDS, "the server is ready")
    except StartFailed:
        server.stop()
        raise
    return server, json.loads(ready.read_text())


def _terminal(directory: Path, cast: Cast) -> tuple[Child, str]:
    log = directory / "logs/terminal.log"
    log.unlink(missing_ok=True)
    terminal = Child(
        "terminal",
        python(
            "mt5_simulator",
            "serve",
            *("--listen", "127.0.0.1:0", "--state", str(directory / f"terminal-{cast.run}.json")),
            *("--account", ACCOUNT["login"], "--server", ACCOUNT["server"], "--always-open"),
        ),
        log=log,
        environment={},
    )
    try:
        terminal.wait_until(
            lambda: "serving" in tail(log), _READY_SECONDS, "the simulated terminal is ready"
        )
    except StartFailed:
        terminal.stop()
        raise
    line = next(line for line in tail(log).splitlines() if line.startswith("serving"))
    return terminal, line.rsplit(" ", 1)[-1]


def _make_operator(directory: Path, url: str, cast: Cast) -> None:
    """Make the first operator as its own command does; once made, it stays."""
    made = directory / f"operator-{cast.run}.made"
    if made.exists():
        return
    command = python(
        "countersign_server", "create-operator", cast.operator_email, "--password-stdin"
    )
    answer = subprocess.run(  # noqa: S603  # our own command
        command,
        input=cast.operator_password + "\n",
        text=True,
        capture_output=True,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "COUNTERSIGN_DATABASE_URL": url,
            "COUNTERSIGN_DATA_DIR": str(directory / "server"),
        },
    )
    if answer.returncode:
        raise StartFailed(f"the operator was not made: {answer.stderr.strip()}")
    made.touch()
