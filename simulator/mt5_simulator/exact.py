"""Numbers as people write them, made exact."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

Number = Decimal | int | float | str


def exact(value: object, name: str) -> Decimal:
    """Return a number as the Decimal that was meant: 0.1 is a tenth, not the float next to it.

    Takes a Decimal, an int, a float or a text. Raises TypeError for anything else and ValueError
    for what is no number, naming the argument.
    """
    if isinstance(value, bool) or not isinstance(value, Number):
        raise TypeError(f"{name} must be a number, such as Decimal('1.5'), not {value!r}")
    try:
        # repr is the shortest text that reads back as the same float.
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{name} must be a number, not {value!r}") from error
    if not number.is_finite():
        raise ValueError(f"{name} must be a number, not {value!r}")
    return number


def make_exact(record: object, names: Iterable[str]) -> None:
    """Make the named fields of a frozen dataclass exact, while it is being made."""
    for name in names:
        value = getattr(record, name)
        if type(value) is not Decimal or not value.is_finite():
            object.__setattr__(record, name, exact(value, name))
