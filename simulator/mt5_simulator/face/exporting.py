"""Turns plain bodies into functions of the package, and holds the session they share."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from mt5_simulator.face import arguments as check
from mt5_simulator.face.arguments import LateOverflow, Overflowed, Refused
from mt5_simulator.face.built_in import Body, Keywords, built_in
from mt5_simulator.face.docs import DOCS
from mt5_simulator.face.session import Session
from mt5_simulator.face.structures import Structure
from mt5_simulator.served.client import open_socket

Result = TypeVar("Result")
Row = TypeVar("Row", bound=Structure)
Arguments = tuple[Any, ...]

INVALID = "Invalid arguments"

session = Session(open_socket)


def exported(body: Body[Result | None]) -> Callable[..., Result | None]:
    """Make a function of the package that returns None when it is refused."""
    return _exported(body, None)


def exported_failing_with(failure: Result) -> Callable[[Body[Result]], Callable[..., Result]]:
    """Make a function of the package that returns `failure` when it is refused."""

    def decorate(body: Body[Result]) -> Callable[..., Result]:
        return _exported(body, failure)

    return decorate


def exported_always(body: Body[Result]) -> Callable[..., Result]:
    """Make a function of the package that nothing can refuse."""

    @wraps(body)
    def call(arguments: Arguments, keywords: Keywords) -> Result:
        with session.lock:
            return body(arguments, keywords)

    call.__doc__ = DOCS.get(body.__name__)
    return built_in(call)


def _exported(body: Body[Result], failure: Result) -> Callable[..., Result]:
    name = body.__name__
    stray = f"<built-in function {name}> returned a result with an exception set"

    @wraps(body)
    def call(arguments: Arguments, keywords: Keywords) -> Result:
        with session.lock:
            return attempt(arguments, keywords)

    def attempt(arguments: Arguments, keywords: Keywords) -> Result:
        try:
            return body(arguments, keywords)
        except Overflowed as overflow:
            session.refuse(overflow)
            raise SystemError(stray) from overflow.cause
        except Refused as refusal:
            session.refuse(refusal)
            return failure
        except LateOverflow:
            session.ask("version")  # any question will do: its answer is lost
            cause = OverflowError("Python int too large to convert to C long")
            raise SystemError(stray) from cause

    call.__doc__ = DOCS.get(name)
    return built_in(call)


def refuse_all(name: str, arguments: Arguments, keywords: Keywords) -> None:
    """Raise TypeError unless the call is empty, as a C function without arguments does."""
    if keywords:
        raise TypeError(f"MetaTrader5._core.{name}() takes no keyword arguments")
    if arguments:
        given = len(arguments)
        raise TypeError(f"MetaTrader5._core.{name}() takes no arguments ({given} given)")


def positional(name: str, arguments: Arguments, keywords: Keywords, *counts: int) -> Arguments:
    """Return the arguments when there are as many as allowed and none is named."""
    if keywords:
        raise TypeError(f"{name}() takes no keyword arguments")
    if len(arguments) not in counts:
        raise Refused(INVALID)
    return arguments


def symbol_name(value: object) -> str:
    return check.text(value, INVALID)


def rows(kind: type[Row], answer: Iterable[Iterable[object]] | None) -> tuple[Row, ...] | None:
    """Return a structure per row; None stays None, which means the call failed."""
    return None if answer is None else tuple(kind(row) for row in answer)
