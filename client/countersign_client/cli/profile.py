"""Where the server is, and with what token to ask: options, environment, configuration file."""

import json
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import cast

from countersign_client.errors import (
    Code,
    CountersignError,
    Invalid,
    Unauthenticated,
    invalid_value,
)

_DEFAULT_NAME = "default"
_CONFIG_BYTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Profile:
    """One server and one identity there."""

    address: str
    token: str = ""
    token_id: str = ""  # of an API token that login made, so that logout can end it
    root_certificates: str = ""  # PEM file; empty: the usual ones


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of the profile; empty: nothing."""

    name: str = ""
    address: str = ""


def config_path(environment: Mapping[str, str]) -> Path:
    """Return where the configuration is."""
    named = environment.get("COUNTERSIGN_CONFIG")
    if named:
        return Path(named)
    home = environment.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "countersign" / "config.toml"


def profile_name(asked: Asked, environment: Mapping[str, str]) -> str:
    """Return the name of the profile in use."""
    return asked.name or environment.get("COUNTERSIGN_PROFILE", "") or _DEFAULT_NAME


def address_in_use(asked: Asked, environment: Mapping[str, str]) -> str:
    """Return where the server is, whoever is signed in. Raises Unauthenticated, NO_PROFILE."""
    named = asked.address or environment.get("COUNTERSIGN_ADDRESS", "")
    return named or chosen(asked, environment).address


def chosen(asked: Asked, environment: Mapping[str, str]) -> Profile:
    """Return the server and token to use.

    A token is only ever sent to the address it was kept for. Raises Unauthenticated, NO_PROFILE, if
    nothing says where the server is.
    """
    kept = read_profiles(config_path(environment)).get(profile_name(asked, environment))
    address = asked.address or environment.get("COUNTERSIGN_ADDRESS", "")
    token = environment.get("COUNTERSIGN_TOKEN", "")
    if kept is None:
        if not address:
            raise Unauthenticated(
                f"no server is known under the profile {profile_name(asked, environment)}",
                code=Code.UNAUTHENTICATED,
                reason="NO_PROFILE",
            )
        return Profile(address, token)
    if address and address != kept.address:
        if not token and kept.token:
            raise Unauthenticated(
                f"the profile's token belongs to {kept.address}, not to {address}",
                code=Code.UNAUTHENTICATED,
                reason="TOKEN_ELSEWHERE",
            )
        return Profile(address, token, root_certificates=kept.root_certificates)
    return Profile(kept.address, token or kept.token, kept.token_id, kept.root_certificates)


def read_profiles(path: Path) -> dict[str, Profile]:
    """Return the profiles kept in `path`, by name; none if there is no file.

    Raises Invalid if it cannot be read, or if others than its owner may read it.
    """
    try:
        with path.open("rb") as file:
            _refuse_if_public(path, file.fileno())
            content = tomllib.loads(file.read(_CONFIG_BYTES_MAX).decode())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise invalid_value(f"{path} cannot be read: {error.strerror}", field="config") from None
    except ValueError as error:
        raise invalid_value(f"{path} is not TOML: {error}", field="config") from None
    return {
        str(name): _profile(path, str(name), entries)
        for name, entries in content.get("profiles", {}).items()
    }


def write_profiles(path: Path, profiles: Mapping[str, Profile]) -> None:
    """Replace `path` with `profiles`, readable by its owner alone. Raises Invalid if that fails."""
    lines: list[str] = []
    for name, profile in sorted(profiles.items()):
        lines.append(f"[profiles.{json.dumps(name)}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in asdict(profile).items() if value]
        lines.append("")
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(scratch, "\n".join(lines))
        scratch.replace(path)
    except OSError as error:
        raise invalid_value(f"{path} cannot be written: {error.strerror}", field="config") from None


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner may read. Raises FileExistsError, OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _profile(path: Path, name: str, entries: object) -> Profile:
    known = {one.name for one in fields(Profile)}
    if isinstance(entries, dict):
        texts = cast("dict[str, object]", entries)
        if "address" in texts and texts.keys() <= known:
            return Profile(**{key: str(value) for key, value in texts.items()})
    raise invalid_value(
        f"{path}: profile {name} must have an address and nothing but {', '.join(sorted(known))}",
        field="config",
    )


def _refuse_if_public(path: Path, descriptor: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise _public(path)


def _public(path: Path) -> CountersignError:
    return Invalid(
        f"{path} holds a token and others may read it",
        code=Code.INVALID_ARGUMENT,
        reason="CONFIG_READABLE_BY_OTHERS",
    )
