"""The simulator against what was measured on the real package."""

import copy
import pickle
import subprocess
import sys

import pytest

import mt5_simulator
from mt5_simulator.conformance.comparing import differences, vectors
from mt5_simulator.face.structures import Structure

STRUCTURES = [getattr(mt5_simulator, name) for name in vectors()["structures"]]


def test_every_measured_call_answers_as_the_real_package_does() -> None:
    # A process of its own: the first measurement is the error before any call.
    run = subprocess.run(  # this test's own program
        [sys.executable, "-m", "mt5_simulator.conformance"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.stdout.endswith("1803 calls, 0 differences\n"), run.stdout
    assert run.returncode == 0


def test_a_module_that_differs_is_found_out() -> None:
    measured = vectors()
    measured["constants"] = {"ORDER_TYPE_BUY": 1}
    measured["structures"] = {"Tick": ["time"]}
    measured["functions"] = ["order_teleport"]
    measured["calls"] = [{"call": "ORDER_TYPE_SELL", "result": "2", "last_error": None}]

    found = [difference.what for difference in differences(mt5_simulator, measured)]

    assert found == ["order_teleport", "ORDER_TYPE_BUY", "Tick", "ORDER_TYPE_SELL"]


@pytest.mark.parametrize("kind", STRUCTURES)
def test_a_result_cannot_be_pickled_but_can_be_copied(kind: type[Structure]) -> None:
    result = kind(range(kind.n_fields))

    assert copy.copy(result) == result
    with pytest.raises(pickle.PicklingError, match="builtins"):
        pickle.dumps(result)


def test_a_result_shows_its_fields_and_hides_that_they_are_a_tuple() -> None:
    tick = mt5_simulator.Tick([1, 1.1, 1.2, 0.0, 0, 1000, 6, 0.0])

    assert tick.ask == tick[2] == 1.2
    assert repr(tick).startswith("Tick(time=1, bid=1.1, ask=1.2")
    named = tick._asdict()  # pyright: ignore[reportPrivateUsage]  # its public name
    assert named["flags"] == 6
    with pytest.raises(AttributeError):
        tick.ask = 2.0
