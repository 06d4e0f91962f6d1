"""Which invariant is checked where: between real processes, or in simulated time."""

import re

from tests.fixtures.both_books import INVARIANTS
from tests.proof.section import Section, Table
from tests.simulation.checker import INVARIANTS as SIMULATED

TITLE = "Invariants, and where each is checked"


def section() -> Section:
    """Return the table, read off the two checkers themselves."""
    real = {number for name in INVARIANTS for number in re.findall(r"I\d+", name)}
    rows = [
        (number, words, "yes" if number in real else "", "yes")
        for number, words in SIMULATED.items()
    ]
    columns = ("", "invariant", "after each kill of real processes", "in every simulated run")
    return Section(TITLE, {}, (), [Table("", columns, rows)])
