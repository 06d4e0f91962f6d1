"""Writes the part of requirements.lock that an image needs: pinned and hashed as in the whole.

python deploy/pick_lock.py [FOLDER]
"""

import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import requires
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "deploy"

# What each image starts from. Our own packages are built from source and not in the lock.
IMAGES: Mapping[str, tuple[str, ...]] = {
    "build.lock": ("hatchling", "editables"),
    "server.lock": ("countersign-server",),
    "gateway.lock": ("googleapis-common-protos", "pydantic-settings"),
}

# Images are Linux, of either architecture: a marker may not depend on the machine that picks.
_MACHINES = ("x86_64", "aarch64")
_IMAGE: Mapping[str, str] = {
    **{name: str(value) for name, value in default_environment().items()},
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.0",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def pick(roots: Iterable[str], lock: str) -> str:
    """Return the lock's entries for everything that the roots need, in the lock's order.

    Raises:
        KeyError: something is needed and not in the lock.

    """
    entries = read_lock(lock)
    needed = {name for name in closure(roots) if not name.startswith("countersign-")}
    missing = needed - set(entries)
    if missing:
        raise KeyError(f"not in requirements.lock: {', '.join(sorted(missing))}; run 'make lock'")
    return "".join(text for name, text in entries.items() if name in needed)


def read_lock(lock: str) -> dict[str, str]:
    """Return each package's entry by its name."""
    entries = re.findall(r"^(?:\S.*\n)(?:[ \t].*\n)*", lock, re.MULTILINE)
    return {
        canonicalize_name(re.split(r"[=<>;\[ ]", each, maxsplit=1)[0]): each for each in entries
    }


def closure(roots: Iterable[str]) -> set[str]:
    """Return the names of the roots and of everything they require, extras included."""
    seen: set[tuple[str, str]] = set()
    waiting: list[tuple[str, str]] = [(name, "") for name in roots]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for text in requires(name) or ():
            requirement = Requirement(text)
            if _applies(requirement, extra):
                child = canonicalize_name(requirement.name)
                waiting += [(child, each) for each in ("", *requirement.extras)]
    return {canonicalize_name(name) for name, _ in seen}


def _applies(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({**_IMAGE, "platform_machine": machine, "extra": extra})
        for machine in _MACHINES
    )


def main(folder: Path = FOLDER) -> None:
    """Write the lock of every image into the folder."""
    lock = (PROJECT / "requirements.lock").read_text()
    for name, roots in IMAGES.items():
        (folder / name).write_text(pick(roots, lock))


if __name__ == "__main__":
    main(*[Path(argument) for argument in sys.argv[1:]])
