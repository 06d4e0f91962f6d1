"""What every command takes beside its own options, and how a command is put together of parts."""

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer

from countersign_client.cli.profile import Asked

Action = TypeVar("Action", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Invocation:
    """How the command at hand was called."""

    json: bool
    asked: Asked


_CURRENT: ContextVar[Invocation] = ContextVar("invocation")


def current() -> Invocation:
    """Return how the command at hand was called."""
    return _CURRENT.get()


def command(
    app: typer.Typer, name: str | None = None, **parts: Callable[..., Any]
) -> Callable[[Action], Action]:
    """Register a command.

    It takes its own parameters and those of each part; under the part's name it is given what the
    part makes of them. --json, --profile and --address are taken by all.
    """

    def register(action: Action) -> Action:
        own = [one for one in inspect.signature(action).parameters if one not in parts]
        wanted = {name: [*inspect.signature(part).parameters] for name, part in parts.items()}

        def run(**given: Any) -> None:  # noqa: ANN401  # typer has checked them
            _CURRENT.set(_invocation(**{name: given[name] for name in _COMMON}))
            made = {
                name: part(**{one: given[one] for one in wanted[name]})
                for name, part in parts.items()
            }
            action(**{name: given[name] for name in own}, **made)

        parameters = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for function in (action, *parts.values(), _invocation)
            for name, parameter in inspect.signature(function).parameters.items()
            if name not in parts
        ]
        run.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]  # inspect reads it
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        run.__doc__ = action.__doc__
        run.__name__ = action.__name__.rstrip("_")
        app.command(name)(run)
        return action

    return register


def _invocation(
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    profile: Annotated[str, typer.Option(help="Profile to use.", metavar="NAME")] = "",
    address: Annotated[
        str, typer.Option(help="Server: host:port, unix:path or URL.", metavar="ADDRESS")
    ] = "",
) -> Invocation:
    return Invocation(json=json, asked=Asked(profile, address))


_COMMON = tuple(inspect.signature(_invocation).parameters)
