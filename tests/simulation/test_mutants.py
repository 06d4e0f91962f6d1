"""The mutants are mutants of the product as it is, and the quickest of them die in every run."""

import pytest

from tests.simulation.mutants import KILLED, MUTANTS, is_there
from tests.simulation.mutating import REPORT, fates

# Dead within a few seeds each; `make mutants` runs them all.
QUICK = (
    *("regrant", "revoke_without_cas", "timeout_is_reject", "retry_if_not_found"),
    *("certain_without_knowledge", "presume_at_once", "counts_any_deal", "guard_never_closes"),
)


@pytest.mark.parametrize("name", MUTANTS)
def test_what_a_mutant_takes_away_is_still_there(name: str) -> None:
    gone = [path for path, _ in MUTANTS[name].changes if not is_there(path)]
    assert not gone, "follow the product, or the mutant proves nothing"


def test_what_must_die_dies() -> None:
    alive = [fate.name for fate in fates(QUICK, jobs=1) if not fate.is_as_expected]
    assert not alive, f"make mutants shows more: {alive}"


def test_whoever_survives_alone_says_which_layer_stands_in() -> None:
    assert all(not mutant.survives for mutant in KILLED)
    assert all(len(mutant.survives.split()) > 5 for mutant in MUTANTS.values() if mutant.survives)


def test_the_page_lists_the_mutants_that_there_are() -> None:
    listed = [
        line.split("|")[1].strip()
        for line in REPORT.read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| mutant")
    ]
    assert listed == list(MUTANTS), "make mutants writes it"
