"""docs/proof.md is what the runs in docs/proof found, and nothing else."""

from tests.proof.__main__ import PAGE, written_page
from tests.proof.kills import percentile
from tests.proof.section import Section, Table, page
from tests.proof.simulated import Run, next_seed, section_of


def test_the_page_is_what_its_files_give() -> None:
    assert PAGE.read_text() == written_page(), "run: make proof PROOF=page"


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (50.0, 99.0)
    assert percentile([3.14, 2.0], 0.99) == 3.1
    assert percentile([2.0], 0.5) == 2.0


def test_a_cell_cannot_break_its_table() -> None:
    shown = page([Section("T", {}, (), [Table("", ("a",), [("x|y\nz",), (None,)])])])
    assert "| x\\|y z |\n|  |\n" in shown


def test_a_simulated_run_is_added_to_those_before_and_begins_after_their_seeds() -> None:
    assert next_seed(None) == 0
    first = section_of(None, Run(0, 20, 2.5, ()), on="2026-11-20", commit="aaa")
    both = section_of(first, Run(20, 5, 4.04, (21, 24)), on="2026-11-21", commit="bbb")
    assert [list(row) for row in both.tables[0].rows] == [
        ["2026-11-21", "bbb", 20, 5, 4.0, "21, 24"],
        ["2026-11-20", "aaa", 0, 20, 2.5, 0],
    ]
    assert next_seed(both) == 25
