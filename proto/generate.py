"""Writes what is generated from the contract: stubs, SDK messages, the gateway's descriptor."""

import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
AREAS = sorted(path.name for path in (PROJECT / "proto/countersign/v1").glob("*.proto"))
STUBS, MESSAGES, DESCRIPTOR = (
    "proto/gen",
    "client/countersign_client/wire",
    "gateway/countersign.binpb",
)


def stale() -> list[str]:
    """Return the generated files that the contract would make differently now."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        write(fresh)
        names = {name for root in (fresh, PROJECT) for name in _generated(root)}
        return sorted(name for name in names if not _same(fresh / name, PROJECT / name))


def write(target: Path = PROJECT) -> None:
    """Write the generated trees below `target`, replacing what is there."""
    with tempfile.TemporaryDirectory() as scratch:
        descriptor = Path(scratch) / "contract.binpb"
        _run(BIN / "buf", "build", "-o", descriptor)
        _write_stubs(descriptor, target / STUBS)
        _write_sdk_messages(descriptor, target / MESSAGES)
    gateway = target / DESCRIPTOR
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
    _run(sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={descriptor}", *arguments)


def _run(*command: str | Path) -> None:
    environment = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": tempfile.gettempdir()}
    done = subprocess.run(  # noqa: S603  # our own tools
        [str(part) for part in command],
        check=False,
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        sys.exit(f"{Path(command[0]).name} failed: {done.stderr}")


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _generated(root: Path) -> list[str]:
    files = [path for folder in (STUBS, MESSAGES) for path in (root / folder).rglob("*")]
    kept = [path for path in files if path.is_file() and path.suffix in {".py", ".pyi", ".typed"}]
    return [DESCRIPTOR, *(str(path.relative_to(root)) for path in kept)]


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and filecmp.cmp(one, other, shallow=False)


def main(arguments: list[str]) -> int:
    """Write what is generated, or with --check say what is stale."""
    if arguments != ["--check"]:
        write()
        return 0
    old = stale()
    for name in old:
        print(f"{name} is stale: run 'make proto'")  # noqa: T201  # a command
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
