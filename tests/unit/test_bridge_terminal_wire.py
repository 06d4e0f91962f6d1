"""What the bridge and its terminal process tell each other survives the way there."""

from dataclasses import fields, is_dataclass
from decimal import Decimal
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.wire import WireBroken, decode, encode

EVERY = [*jobs.ANSWERS, *jobs.ANSWERS.values(), *jobs.FAILURES.values(), jobs.Opening]
SAMPLES: dict[type, object] = {
    bool: True,
    int: 7,
    str: "text",
    float: 0.5,
    bytes: b"\x00\xff",
    Decimal: Decimal("1.0845"),
}


def sample(kind: Any) -> Any:
    """Return some value of a kind."""
    origin = get_origin(kind)
    if origin is UnionType:
        return sample(next(option for option in get_args(kind) if option is not type(None)))
    if origin is tuple:
        return (sample(get_args(kind)[0]),) * 2
    if origin is not None:
        return {"magic": 7, "symbol": "EURUSD", "volume": 0.1}
    if is_dataclass(kind):
        made: Any = kind
        return made(**{name: sample(hint) for name, hint in get_type_hints(kind).items()})
    return next(value for known, value in SAMPLES.items() if issubclass(kind, known))


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_what_is_said_is_what_is_heard(kind: type[Any]) -> None:
    said = sample(kind)

    assert decode(kind, encode(said)) == said


@pytest.mark.parametrize("kind", [kind for kind in EVERY if fields(kind)], ids=lambda k: k.__name__)
def test_a_message_with_a_field_too_few_or_too_many_is_none(kind: type[Any]) -> None:
    plain = encode(sample(kind))
    fewer = dict(list(plain.items())[1:])

    for wrong in (fewer, {**plain, "more": 1}, [plain], None):
        with pytest.raises(WireBroken):
            decode(kind, wrong)


@pytest.mark.parametrize(
    ("field", "value"),
    [("magic", "7"), ("magic", True), ("closes", 1), ("symbol", None), ("magic", 7.0)],
)
def test_a_value_of_another_kind_is_no_message(field: str, value: object) -> None:
    plain = encode(sample(jobs.Inspect))

    with pytest.raises(WireBroken):
        decode(jobs.Inspect, {**plain, field: value})


def test_nothing_is_none_and_not_left_out() -> None:
    assert decode(jobs.Send, {**encode(sample(jobs.Send)), "price_min": None}).price_min is None
