"""What the command says when something goes wrong: a line for a person, or JSON for a program."""

import json
from pathlib import Path

import pytest

from countersign_client.cli import main

SUBMIT = ("submit", "--instrument", "EURUSD", "--side", "buy", "--no-stop-loss", "--no-take-profit")


@pytest.fixture(autouse=True)
def nobody_signed_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PROFILE", "ADDRESS", "TOKEN"):
        monkeypatch.delenv(f"COUNTERSIGN_{name}", raising=False)
    monkeypatch.setenv("COUNTERSIGN_CONFIG", str(tmp_path / "none.toml"))


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | None, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr()
    assert told.out == ""
    code = ended.value.code
    assert code is None or isinstance(code, int)
    return code, told.err


@pytest.mark.parametrize("price", ["1e-3", "1_0", "abc", "0x1", "\u0661"])
def test_a_price_that_is_no_plain_number_is_refused_by_the_name_of_its_option(
    capsys: pytest.CaptureFixture[str], price: str
) -> None:
    code, told = complaint(capsys, *SUBMIT, "--price", price)
    assert code == 2
    assert told.startswith("countersign: --price must be a plain number such as 1.0845, not ")


def test_an_option_that_is_named_otherwise_than_its_field_is_named_as_it_was_typed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, told = complaint(capsys, "subscription", "update", "1", "--lots", "1e2")
    assert told.startswith("countersign: --lots must be a plain number")


@pytest.mark.parametrize(
    ("arguments", "code", "reason", "field"),
    [
        ((*SUBMIT, "--price", "1e-3"), 2, "VALUE_REFUSED", "price"),
        (("inbox",), 3, "NO_PROFILE", None),
        (("inbox", "--no-such-option"), 2, "NOT_UNDERSTOOD", None),
        (("device", "revoke"), 2, "NOT_UNDERSTOOD", None),
        (("no-such-command",), 2, "NOT_UNDERSTOOD", None),
    ],
)
def test_with_json_a_failure_is_one_line_of_json_with_its_reason_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    reason: str,
    field: str | None,
) -> None:
    ended, told = complaint(capsys, *arguments, "--json")
    assert told.count("\n") == 1
    failure = json.loads(told)
    assert (ended, failure["reason"]) == (code, reason)
    assert failure["message"]
    assert failure["advice"]
    assert failure["metadata"].get("field") == field
