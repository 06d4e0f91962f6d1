"""docs/proof.md is what the runs in docs/proof found, and nothing else."""

from tests.proof.__main__ import PAGE, written_page
from tests.proof.kills import percentile
from tests.proof.section import Section, Table, page


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
