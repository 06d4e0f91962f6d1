"""What the command line shows and keeps: nothing that drives a terminal, no token in the open."""

import json
import math
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings, strategies as st

from countersign.v1 import execution_pb2, signals_pb2
from countersign_client.cli.approval import digest_of
from countersign_client.cli.commands import COMMANDS
from countersign_client.cli.draft import Draft, drafted
from countersign_client.cli.labels import facts, label, percent, rounded, value_of, words
from countersign_client.cli.moments import countdown, read_span, read_time, time_text
from countersign_client.cli.profile import (
    Asked,
    Profile,
    chosen,
    config_path,
    read_profiles,
    write_profiles,
)
from countersign_client.cli.quickstart import quickstart
from countersign_client.cli.screen import Column, print_table, printable
from countersign_client.cli.submit import read_signed
from countersign_client.errors import Conflict, CountersignError, Invalid, Unauthenticated
from countersign_client.message_json import message_json
from countersign_client.signing import Signer
from countersign_client.wire.countersign import v1
from tests.unit.test_client_wire import descriptors, messages, sdk_message

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SECRET = "csk_" + "A" * 43


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("EURUSD", "EURUSD"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x9b31m", "\\x9b31m"),
        ("buy \u202e0801\u202c", "buy \\u202e0801\\u202c"),
        ("a\u200bb\u2066c", "a\\u200bb\\u2066c"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("Zürich 日本 🚀", "Zürich 日本 🚀"),
    ],
)
def test_what_others_wrote_cannot_drive_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_that_is_shown_contains_a_control_character(text: str) -> None:
    shown = printable(text, lines=True)
    assert not any(ord(c) < 32 and c != "\n" for c in shown)
    assert not any(127 <= ord(c) < 160 for c in shown)


@pytest.mark.parametrize(
    ("shown", "as_people_read_it"),
    [
        (percent("0.000450032"), "0.05 %"),
        (percent("1.5"), "150.00 %"),
        (percent(""), ""),
        (rounded("58.333333333"), "58.33"),
        (rounded(""), ""),
        (words("margin_level"), "margin level"),
        (words("daily-loss"), "daily loss"),
        (facts('{"stop_loss": null, "volume": "0.10"}'), "stop loss none, volume 0.10"),
        (facts(""), ""),
    ],
)
def test_a_table_is_in_words_and_in_digits_that_can_be_read(
    shown: str, as_people_read_it: str
) -> None:
    assert shown == as_people_read_it


def identifier(item: str) -> str:
    return item * 36


def test_a_table_keeps_ids_whole_and_columns_straight(capsys: pytest.CaptureFixture[str]) -> None:
    columns = (Column("id", identifier), Column("name", str.upper))
    print_table(["a", "b"], columns, nothing="none")
    assert capsys.readouterr().out.splitlines() == [
        "id" + " " * 36 + "name",
        "a" * 36 + "  A",
        "b" * 36 + "  B",
    ]
    print_table([], columns, nothing="none")
    assert capsys.readouterr().out == "none\n"


@pytest.mark.parametrize("descriptor", [*descriptors()], ids=lambda one: one.name)
@given(data=st.data())
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_json_of_a_message_is_read_by_protobuf_as_the_same_message(
    descriptor: Descriptor, data: st.DataObject
) -> None:
    original = data.draw(messages(descriptor))
    written = message_json(sdk_message(descriptor).parse(original.SerializeToString()))
    read = json_format.ParseDict(json.loads(json.dumps(written)), GetMessageClass(descriptor)())
    assert read == original


def test_json_writes_what_is_no_number_as_the_text_that_protobuf_reads() -> None:
    written = message_json(v1.BarColumns(closes=[1.5, math.inf, -math.inf, math.nan]))
    assert written["closes"] == [1.5, "Infinity", "-Infinity", "NaN"]


def test_json_names_enums_in_full_and_writes_tickets_as_text() -> None:
    deal = v1.Deal().parse(
        execution_pb2.Deal(ticket=2**60, entry=execution_pb2.DEAL_ENTRY_OUT_BY).SerializeToString()
    )
    written = message_json(deal)
    assert (written["ticket"], written["entry"]) == (str(2**60), "DEAL_ENTRY_OUT_BY")


def test_an_enum_value_of_a_newer_server_is_shown_as_its_number() -> None:
    newer = signals_pb2.StoredSignal.FromString(b"\x48\x63")  # state = 99
    stored = v1.StoredSignal().parse(newer.SerializeToString())
    assert label(stored.state) == "99"
    assert message_json(stored)["state"] == "99"


def test_a_choice_finds_its_value() -> None:
    assert value_of(v1.TradingState, "close-only") is v1.TradingState.CLOSE_ONLY
    assert label(v1.TradingState.CLOSE_ONLY) == "close-only"


@pytest.mark.parametrize(
    ("ahead", "shown"),
    [
        (timedelta(seconds=42.9), "in 42 s"),
        (timedelta(seconds=599, milliseconds=900), "in 9 min 59 s"),
        (timedelta(hours=2, minutes=3), "in 2 h 3 min"),
        (timedelta(days=3, hours=4), "in 3 d 4 h"),
        (timedelta(0), "0 s ago"),
        (-timedelta(minutes=2), "2 min 0 s ago"),
    ],
)
def test_expiry_is_counted_down_and_never_rounded_up(ahead: timedelta, shown: str) -> None:
    assert countdown(NOW + ahead, NOW) == shown


def test_a_time_that_is_absent_shows_as_nothing() -> None:
    absent = v1.Account().create_time
    assert (time_text(absent), countdown(absent, NOW)) == ("", "")


def test_spans_and_times_are_read_strictly() -> None:
    assert read_span("5m", field="x") == timedelta(minutes=5)
    assert read_time("2026-11-21T10:00:00", field="x") == NOW
    for wrong in ("5", "0s", "-5m", "5 m", "99999999d"):
        with pytest.raises(Invalid):
            read_span(wrong, field="x")
    with pytest.raises(Invalid):
        read_time("yesterday", field="x")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "countersign" / "config.toml"


def test_the_configuration_is_its_owners_alone_and_reads_back(config: Path) -> None:
    kept = {
        "default": Profile("127.0.0.1:1", "cst_x", "id", "/a b.pem"),
        'odd "name" \\ ü': Profile("unix:/x", "cst_é"),
    }
    write_profiles(config, kept)
    assert read_profiles(config) == kept
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert [*config.parent.iterdir()] == [config], "nothing is left beside it"


def test_a_configuration_that_others_may_read_is_not_used(config: Path) -> None:
    write_profiles(config, {"default": Profile("127.0.0.1:1", "cst_x")})
    config.chmod(0o640)
    with pytest.raises(Invalid) as caught:
        read_profiles(config)
    assert caught.value.reason == "CONFIG_READABLE_BY_OTHERS"


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "[profiles.a]\ntoken = 'x'\n",
        "[profiles.a]\naddress='x'\ntokn='y'\n",
        "profiles.a=1\n",
    ],
)
def test_a_configuration_with_a_mistake_is_refused(config: Path, text: str) -> None:
    config.parent.mkdir()
    config.write_text(text)
    config.chmod(0o600)
    with pytest.raises(CountersignError) as caught:
        read_profiles(config)
    assert str(config) in caught.value.message


def test_option_goes_before_environment_and_environment_before_the_file(config: Path) -> None:
    write_profiles(config, {"default": Profile("a:1", "cst_a"), "other": Profile("b:2", "cst_b")})
    environment = {"COUNTERSIGN_CONFIG": str(config)}
    assert chosen(Asked(), environment) == Profile("a:1", "cst_a")
    assert chosen(Asked("other"), environment).token == "cst_b"  # noqa: S105  # nobody's
    assert (
        chosen(Asked(), environment | {"COUNTERSIGN_PROFILE": "other"}).token == "cst_b"  # noqa: S105  # nobody's
    )  # nobody's
    assert (
        chosen(Asked(), environment | {"COUNTERSIGN_TOKEN": "cst_c"}).token == "cst_c"  # noqa: S105  # nobody's
    )  # nobody's
    elsewhere = environment | {"COUNTERSIGN_TOKEN": "cst_c", "COUNTERSIGN_ADDRESS": "c:3"}
    assert chosen(Asked(address="d:4"), elsewhere) == Profile("d:4", "cst_c")


def test_a_kept_token_is_not_sent_to_another_address(config: Path) -> None:
    write_profiles(config, {"default": Profile("a:1", "cst_a")})
    environment = {"COUNTERSIGN_CONFIG": str(config), "COUNTERSIGN_ADDRESS": "evil:1"}
    with pytest.raises(Unauthenticated) as caught:
        chosen(Asked(), environment)
    assert caught.value.reason == "TOKEN_ELSEWHERE"


def test_without_anything_kept_the_way_to_sign_in_is_named(config: Path) -> None:
    with pytest.raises(Unauthenticated) as caught:
        chosen(Asked(), {"COUNTERSIGN_CONFIG": str(config)})
    assert caught.value.reason == "NO_PROFILE"


def test_the_configuration_follows_the_environment() -> None:
    assert config_path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/countersign/config.toml")
    assert config_path({"COUNTERSIGN_CONFIG": "/y.toml"}) == Path("/y.toml")


def a_draft(**options: object) -> Draft | None:
    return drafted(**{"instrument": "EURUSD", "side": "buy"} | options)  # type: ignore[arg-type]  # as typer gives them


def test_stop_and_target_are_chosen_and_never_forgotten() -> None:
    with pytest.raises(Invalid, match="--stop-loss PRICE or --no-stop-loss"):
        a_draft(price="1.08", no_take_profit=True)
    with pytest.raises(Invalid, match="one of the two"):
        a_draft(price="1.08", stop_loss="1", no_stop_loss=True, no_take_profit=True)


def test_the_digest_that_is_approved_is_that_of_the_text_that_was_shown() -> None:
    text = "countersign.intent/1\nvolume: 0.1\n"
    shown = v1.Intent(text=text, digest=sha256(text.encode()).hexdigest())
    assert digest_of(shown) == shown.digest


@pytest.mark.parametrize("text", ["", "countersign.intent/1\nvolume: 100\n"])
def test_a_text_that_is_not_what_would_be_signed_is_not_approved(text: str) -> None:
    signed = sha256(b"countersign.intent/1\nvolume: 0.1\n").hexdigest()
    with pytest.raises(Conflict) as caught:
        digest_of(v1.Intent(text=text, digest=signed))
    assert caught.value.reason == "DIGEST_MISMATCH"


def test_a_json_file_is_signed_byte_for_byte(tmp_path: Path) -> None:
    file = tmp_path / "signal.json"
    file.write_bytes(b'{ "externalId":"s-1",\n "instrument": "EURUSD" }')
    draft = drafted(file=file)
    assert draft == Draft(file.read_bytes(), v1.PayloadFormat.JSON, "s-1")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"externalId": 5}', b"x" * 40_000])
def test_a_file_that_holds_no_signal_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "signal.json"
    file.write_bytes(content)
    with pytest.raises(Invalid):
        drafted(file=file)


def test_a_signed_signal_goes_through_a_file_unchanged(tmp_path: Path) -> None:
    signed = Signer.from_secret("key_1", SECRET).sign_payload(b"{}", v1.PayloadFormat.JSON)
    file = tmp_path / "signed.json"
    file.write_text(json.dumps(message_json(signed)))
    assert bytes(read_signed(file)) == bytes(signed)


@pytest.mark.parametrize(
    "change",
    [{"extra": 1}, {"nonce": "!"}, {"format": "X"}, {"sentTimeMs": "soon"}, {"payload": None}],
)
def test_a_signed_signal_that_was_changed_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    signed = Signer.from_secret("key_1", SECRET).sign_payload(b"{}", v1.PayloadFormat.JSON)
    file = tmp_path / "signed.json"
    file.write_text(json.dumps(message_json(signed) | change))
    with pytest.raises(Invalid):
        read_signed(file)


def test_the_quickstart_is_a_script_whatever_the_values_are() -> None:
    script = quickstart(address='a"b', token="t'k\\", key_id="key_1", secret="csk_x")  # noqa: S106  # nobody's
    compile(script, "quickstart.py", "exec")
    assert len(script.splitlines()) < 30


def test_every_command_is_there() -> None:
    for module, text in COMMANDS.values():
        assert import_module(f"countersign_client.cli.{module}").app
        assert text.endswith(".")


def test_help_starts_without_what_commands_need() -> None:
    script = (
        "import sys\n"
        "from countersign_client.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'grpc', 'betterproto', 'rich', 'cryptography', 'asyncio', 'google.protobuf'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "80"},
    )
    assert done.stderr.strip() == "[]"
    assert "approve" in done.stdout
