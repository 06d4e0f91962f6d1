"""What the bouts say, as a section of the page."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.fixtures.both_books import INVARIANTS
from tests.proof.bout import Bout
from tests.proof.section import Cell, Section, Table

TITLE = "Processes die, and a network fails, under a burst of approved signals"
_WORDS = """
The product runs as it is delivered: PostgreSQL, server, Envoy, bridge with its terminal process,
and a simulated MetaTrader 5 whose broker is the truth. Every half second a strategy submits a
signal and its owner approves it; each refused call is repeated, as the SDK does. One kind of blow
falls at random moments: `kill -9`, and a start like any other; or the bridge's connection stops
carrying bytes, without a word. When all is quiet, the broker's books and ours are compared.

Recovery is the time from the blow to the first deal, in our books, of a signal that was submitted
after it; it includes the start of what was killed. Of fewer than a hundred blows p99 is the
longest.

A doubt is a command that was granted when something died, so that nobody knew whether it had been
sent. Each ends by what the terminal shows, or by presumption after two minutes in which it shows
nothing, or by a person.
"""
# How a command can end, in the order of the columns.
_OUTCOMES = ("executed", "partial", "rejected", "not-sent", "expired", "presumed-not-executed")


def section_of(bouts: Sequence[Bout], made: Mapping[str, Cell]) -> Section:
    """Return the section that the bouts make."""
    return Section(
        TITLE,
        made,
        [text.replace("\n", " ") for text in _WORDS.strip().split("\n\n")],
        [_recovery(bouts), _outcomes(bouts), _invariants(bouts)],
    )


def line_of(bout: Bout) -> str:
    """Return one line about a bout for whoever waits, and each disagreement in one more."""
    ends = ", ".join(f"{count} {name}" for name, count in sorted(bout.outcomes.items()))
    longest = max(bout.recoveries, default=0)
    told = f"{bout.blow}: {bout.approved} approved, {ends}; recovered within {longest:.1f} s"
    return "\n  ".join([told, *bout.disagreements])


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of all does not exceed, to a tenth."""
    ordered = sorted(values)
    # Rounded up without floats: the hundredth of a hundred is the hundredth.
    place = -(-len(ordered) * round(share * 100) // 100)
    return round(ordered[max(place, 1) - 1], 1)


def _recovery(bouts: Sequence[Bout]) -> Table:
    rows = [
        (
            bout.blow,
            bout.blows,
            percentile(bout.recoveries, 0.5),
            percentile(bout.recoveries, 0.99),
        )
        for bout in bouts
    ]
    return Table("Recovery, in seconds", ("blow", "blows", "p50", "p99"), rows)


def _outcomes(bouts: Sequence[Bout]) -> Table:
    columns = (
        *("blow", "signals", "approved", *(name.replace("-", " ") for name in _OUTCOMES)),
        *("doubts", "ended by what was shown", "presumed", "ended by a person"),
        *("disagreements of the books",),
    )
    return Table("Commands and their outcomes", columns, [_row(bout) for bout in bouts])


def _row(bout: Bout) -> Sequence[Cell]:
    outcomes, doubts = Counter(bout.outcomes), Counter(bout.doubts)
    return (
        *(bout.blow, bout.signals, bout.approved, *(outcomes[name] for name in _OUTCOMES)),
        *(doubts.total(), doubts["shown"], doubts["presumed-not-executed"], doubts["person"]),
        *(len(bout.disagreements),),
    )


def _invariants(bouts: Sequence[Bout]) -> Table:
    """Say how often each invariant was checked and how often it was broken."""
    broken = [words for bout in bouts for words in bout.disagreements]
    rows = [
        (name, len(bouts), sum(words.startswith(name) for words in broken)) for name in INVARIANTS
    ]
    return Table(
        "Invariants, between the broker's books and ours", ("invariant", "bouts", "broken"), rows
    )
