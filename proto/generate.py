"""Writes everything that is generated from the contract: stubs, the SDK's messages, the gateway's descriptor."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
AREAS = sorted(path.name for path in (PROJECT / "proto/countersign/v1").glob("*.proto"))


def main(target: Path = PROJECT) -> None:
    """Write the generated trees below `target`, replacing what is there."""
    with tempfile.TemporaryDirectory() as scratch:
        descriptor = Path(scratch) / "contract.binpb"
        _run(BIN / "buf", "build", "-o", descriptor)
        _write_stubs(descriptor, target / "proto/gen")
        _write_sdk_messages(descriptor, target / "client/countersign_client/wire")
    gateway = target / "gateway/countersign.binpb"
    gateway.parent.mkdir(parents=True, exist_ok=True)
    # Envoy needs no comments; without them the file is a fifth of the size.
    _run(BIN / "buf", "build", "--exclude-source-info", "-o", gateway)


def _write_stubs(descriptor: Path, out: Path) -> None:
    _empty(out)
    files = [f"countersign/v1/{name}" for name in AREAS]
    _protoc(
        descriptor,
        [f"--python_out={out}", f"--pyi_out={out}", *files, "buf/validate/validate.proto"],
    )
    services = [f for f in files if "service " in (PROJECT / "proto" / f).read_text()]
    _protoc(descriptor, [f"--grpc_python_out={out}", f"--mypy_grpc_out={out}", *services])
    for package in (out / "countersign/v1", out / "buf/validate"):
        (package / "__init__.py").touch()
        (package / "py.typed").touch()


def _write_sdk_messages(descriptor: Path, out: Path) -> None:
    _empty(out)
    files = [f"countersign/v1/{name}" for name in AREAS if name != "rules.proto"]
    _protoc(descriptor, [f"--python_betterproto_out={out}", *files])


def _protoc(descriptor: Path, arguments: list[str]) -> None:
    _run(
        sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={descriptor}", *arguments
    )


def _run(*command: str | Path) -> None:
    environment = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": tempfile.gettempdir()}
    subprocess.run([str(part) for part in command], check=True, cwd=PROJECT, env=environment)  # noqa: S603  # our own tools


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


if __name__ == "__main__":
    main(*[Path(argument) for argument in sys.argv[1:]])
