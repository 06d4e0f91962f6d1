"""A simulated MetaTrader 5 for pytest: the fixtures `mt5` and `mt5_terminal`.

    def test_my_bot_survives_a_lost_reply(mt5): ...

    @pytest.mark.mt5(deposit=500, margin_mode="netting")    how the terminal is set up
    @pytest.mark.mt5_fault("reply_lost", count=2)           what goes wrong, may be repeated
    @pytest.mark.mt5_weather(seed=7)                        faults drawn from a seed

A project that uses none of this pays one small import for it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from mt5_simulator.terminal.terminal import Terminal

MARKS = (
    (
        "mt5(deposit=10000, login=1000001, margin_mode='hedging', currency='USD', leverage=100, "
        "seed=None, start=None, always_open=False): how the simulated terminal is set up; a seed "
        "makes prices walk, start is when its clock begins"
    ),
    (
        "mt5_fault(kind, count=1, seconds=0, executes='now', retcode=0, call='order_send', "
        "text=''): what goes wrong at the simulated terminal"
    ),
    "mt5_weather(seed, chances=None): faults of the simulated terminal drawn from a seed",
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    for mark in MARKS:
        config.addinivalue_line("markers", mark)


@pytest.fixture
def mt5_terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """Provide a terminal that `initialize` connects to, with its broker and its virtual clock."""
    # Imported here: a project that never asks for a terminal must not pay for one.
    from mt5_simulator.simulation import attach, detach  # noqa: PLC0415
    from mt5_simulator.testing.marks import let_go_wrong, set_up, set_weather  # noqa: PLC0415

    terminal = set_up(_merged(request, "mt5"))
    for mark in reversed([*request.node.iter_markers("mt5_fault")]):
        let_go_wrong(terminal, *mark.args, **mark.kwargs)
    weather = request.node.get_closest_marker("mt5_weather")
    if weather is not None:
        set_weather(terminal, *weather.args, **weather.kwargs)
    attach(terminal)
    yield terminal
    detach()


@pytest.fixture
def mt5(
    mt5_terminal: Terminal,  # noqa: ARG001  # what the module connects to
    monkeypatch: pytest.MonkeyPatch,
) -> ModuleType:
    """Provide the module in the place of MetaTrader5, with a terminal to connect to."""
    import mt5_simulator  # noqa: PLC0415  # as above

    monkeypatch.setitem(sys.modules, "MetaTrader5", mt5_simulator)
    return mt5_simulator


def _merged(request: pytest.FixtureRequest, name: str) -> dict[str, Any]:
    """Return the keywords of all marks of a name; the closest to the test wins."""
    merged: dict[str, Any] = {}
    for mark in reversed([*request.node.iter_markers(name)]):
        if mark.args:
            raise TypeError(
                f"@pytest.mark.{name} takes names only, such as {name}(deposit=500), "
                f"not {mark.args[0]!r}"
            )
        merged |= mark.kwargs
    return merged
