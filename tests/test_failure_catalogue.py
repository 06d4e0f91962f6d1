"""The failure catalogue is whole, and every test that it names exists."""

import ast
from functools import cache
from pathlib import Path

from tests.failure_catalogue import CATALOGUE

ROOT = Path(__file__).parent.parent
ROWS = 47


@cache
def functions_of(path: str) -> frozenset[str]:
    """Return the names of what a file defines."""
    nodes = ast.parse((ROOT / path).read_text()).body
    return frozenset(
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_row_is_there_once_and_in_order() -> None:
    assert [row.number for row in CATALOGUE] == list(range(1, ROWS + 1))


def test_every_row_has_a_test_or_says_what_is_missing() -> None:
    assert not [row.number for row in CATALOGUE if not row.tests and not row.missing]


def test_every_named_test_exists() -> None:
    named = [name.split("::") for row in CATALOGUE for name in row.tests]
    assert not [
        "::".join(parts)
        for parts in named
        if not (ROOT / parts[0]).is_file() or parts[1] not in functions_of(parts[0])
    ]
