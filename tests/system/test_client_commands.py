"""The command line against a server that runs: from the first operator to a signed-off signal."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from countersign_client.cli import main
from countersign_server.database.supervisor import EmbeddedPostgres

START_SECONDS = 60
OPERATOR = ("op@example.com", "operator-password")
PASSWORD = "owner-password-1"  # noqa: S105  # of people who exist for one test


@dataclass
class Terminal:
    """A person at a terminal: a folder, an environment, and what came of the last command."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    code: int = 0
    errors: str = ""

    def run(self, *arguments: str, entered: str = "", **variables: str) -> str:
        with self.patch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr("sys.stdin", StringIO(entered))
            for name, value in variables.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        output, self.errors = self.capture.readouterr()
        self.code = int(ended.value.code or 0)
        return output

    def done(self, *arguments: str, entered: str = "", **variables: str) -> str:
        output = self.run(*arguments, entered=entered, **variables)
        assert self.code == 0, self.errors
        return output

    def read(self, *arguments: str, entered: str = "", **variables: str) -> Any:  # JSON
        return json.loads(self.done(*arguments, "--json", entered=entered, **variables))


@pytest.fixture(scope="module")
def server_address(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server in a process of its own, with its first operator; tests bring their own users."""
    folder = tmp_path_factory.mktemp("server")
    environment = os.environ | {
        "COUNTERSIGN_DATABASE_URL": a_database(postgres, template_database),
        "COUNTERSIGN_DATA_DIR": str(folder / "data"),
        "COUNTERSIGN_LISTEN": "127.0.0.1:0",
        "COUNTERSIGN_LISTEN_INTERNAL": "",
        "COUNTERSIGN_METRICS_LISTEN": "",
        "COUNTERSIGN_READY_FILE": str(folder / "ready"),
    }
    command = [sys.executable, "-m", "countersign_server"]
    subprocess.run(  # noqa: S603  # our own command
        [*command, "create-operator", OPERATOR[0], "--password-stdin"],
        input=OPERATOR[1] + "\n",
        text=True,
        check=True,
        capture_output=True,
        env=environment,
    )
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603  # our own command
            [*command, "serve"], stdout=log, stderr=log, env=environment
        )  # as above
    try:
        yield address_when_ready(folder / "ready", server, folder / "server.log")
    finally:
        server.terminate()
        server.wait(30)


def a_database(postgres: EmbeddedPostgres, template: str) -> str:
    superuser = make_url(postgres.superuser_url).set(drivername="postgresql")
    with psycopg.connect(
        superuser.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        make = sql.SQL("CREATE DATABASE client_commands OWNER countersign TEMPLATE {}")
        connection.execute(make.format(sql.Identifier(template)))
    return (
        make_url(postgres.url).set(database="client_commands").render_as_string(hide_password=False)
    )


def address_when_ready(ready: Path, server: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if ready.exists() and ready.read_text().strip():
            return str(json.loads(ready.read_text())["public"])
        time.sleep(0.05)
    raise AssertionError(log.read_text()[-2000:])


@pytest.fixture
def terminal(
    tmp_path: Path,
    server_address: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    for name in [name for name in os.environ if name.startswith("COUNTERSIGN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COUNTERSIGN_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("COUNTERSIGN_ADDRESS", server_address)
    return Terminal(tmp_path, capsys, monkeypatch)


def sign_in_operator(terminal: Terminal) -> None:
    terminal.done(
        "login", "--profile", "op", "--email", OPERATOR[0], "--password-stdin", entered=OPERATOR[1]
    )


def sign_in_owner(terminal: Terminal, email: str) -> None:
    invitation = terminal.read("user", "create", email, "--profile", "op")["invitationToken"]
    terminal.done(
        "user", "accept-invitation", "--password-stdin", entered=f"{invitation}\n{PASSWORD}\n"
    )


def an_account_that_follows(terminal: Terminal, producer_id: str, login: str = "1000001") -> str:
    (terminal.folder / "consent.txt").write_text("You may lose all of it.")
    terminal.done("consent", "publish", "2026-11", "consent.txt", "--profile", "op")
    account = terminal.read(
        *("account", "create", "Main", "--server", "Sim-Demo", "--login", login),
        *("--currency", "USD", "--margin-mode", "hedging", "--demo"),
    )["accountId"]
    terminal.done(
        *("account", "put-symbol", account, "EURUSD", "EURUSD.r", "--digits", "5"),
        *("--contract-size", "100000", "--tick-size", "0.00001", "--tick-value", "1"),
        *("--volume-min", "0.01", "--volume-max", "100", "--volume-step", "0.01"),
        *("--currency-base", "EUR", "--currency-profit", "USD", "--pip-size", "0.0001"),
    )
    terminal.done(
        *("subscription", "create", "--account", account, "--producer", producer_id),
        *("--lots", "0.10", "--consent", "2026-11"),
    )
    return str(account)


def the_first_in_the_inbox(terminal: Terminal) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        waiting = terminal.read("inbox")
        if waiting:
            return dict(waiting[0])
        time.sleep(0.1)
    raise AssertionError("nothing came to the inbox")


def test_a_signal_goes_from_the_command_line_to_a_sign_off(terminal: Terminal) -> None:
    sign_in_operator(terminal)
    sign_in_owner(terminal, "ann@example.com")
    made = terminal.read("producer", "create", "breakout", "--instrument", "EURUSD")
    an_account_that_follows(terminal, made["producer"]["producerId"])
    producer = {
        "COUNTERSIGN_TOKEN": made["token"]["secret"],
        "COUNTERSIGN_KEY_ID": made["key"]["key"]["keyId"],
        "COUNTERSIGN_SECRET": made["key"]["secret"],
    }
    order = (
        *("--action", "place", "--instrument", "EURUSD", "--side", "buy", "--limit-price", "1.08"),
        *("--stop-loss", "1.07", "--no-take-profit", "--external-id", "mine-1"),
        *("--note", "say \x1b[2J cheese"),
    )

    stored = terminal.read("submit", *order, **producer)
    again = terminal.read("submit", *order, **producer)
    waiting = the_first_in_the_inbox(terminal)

    assert (stored["duplicate"], again["duplicate"]) == (False, True)
    assert stored["signalId"] == again["signalId"] == waiting["signalId"]
    assert "\x1b" not in terminal.done("inbox")

    terminal.run("approve", waiting["approvalId"])
    assert (terminal.code, "--yes" in terminal.errors) == (2, True), "nobody was asked"
    approved = terminal.read("approve", waiting["approvalId"], "--yes")
    (command,) = terminal.read("status", stored["signalId"])
    assert approved["state"] == "APPROVAL_STATE_APPROVED"
    assert approved["commandId"] == command["commandId"]
    assert command["state"] == "COMMAND_STATE_APPROVED"

    assert terminal.read("revoke", waiting["approvalId"])["state"] == "APPROVAL_STATE_REVOKED"
    terminal.run("reject", waiting["approvalId"])
    assert terminal.code == 4, "it is decided"

    kinds = {one["kind"] for one in terminal.read("audit", "list", "--limit", "500")}
    assert {"signal.accepted", "approval.approved", "approval.revoked"} <= kinds
    assert terminal.read("audit", "verify", "--profile", "op")["intact"]
    terminal.done("audit", "export", "-o", "audit.jsonl", "--profile", "op")
    assert (terminal.folder / "audit.jsonl").stat().st_size > 1000


def test_an_affiliate_sees_link_and_terms_and_an_operator_sets_them(terminal: Terminal) -> None:
    sign_in_operator(terminal)
    sign_in_owner(terminal, "dora@example.com")
    terms = (
        *("--currency", "usd", "--basis", "lots", "--minimum-payout", "50.00"),
        *("--tier", "0=3.5", "--tier", "100=4"),
    )

    program = terminal.read("payout", "set-terms", *terms, "--profile", "op")
    made = terminal.read("affiliate", "register")
    payout = (
        *("affiliate", "payout", "--amount", "60", "--currency", "USD"),
        *("--holder", "Dora", "--iban", "DE89 3704 0044 0532 0130 00"),
    )
    terminal.run(*payout)

    assert (terminal.code, "BALANCE_TOO_LOW" in terminal.errors) == (4, True)
    assert program["tiers"][1] == {"threshold": "100", "rate": "4"}
    assert terminal.read("affiliate", "link")["token"] == made["token"]
    (standing,) = terminal.read("affiliate", "stats")["standings"]
    assert standing["rate"] == "3.5"
    assert "3.5" in terminal.done("affiliate", "stats")
    assert terminal.read("affiliate", "payouts") == []
    assert "nothing yet" in terminal.done("affiliate", "history")
    assert "0=3.5, 100=4" in terminal.done("payout", "terms")


def test_an_owner_signs_off_with_a_key_that_only_the_owner_holds(terminal: Terminal) -> None:
    sign_in_operator(terminal)
    sign_in_owner(terminal, "carol@example.com")
    made = terminal.read("producer", "create", "breakout", "--instrument", "EURUSD")
    account = an_account_that_follows(terminal, made["producer"]["producerId"], login="1000003")
    terminal.done("account", "require-signature", account)
    register = ("key", "register", "laptop", "--password-stdin")
    terminal.run(*register, entered="not the password")
    assert (terminal.code, "CREDENTIALS_INVALID" in terminal.errors) == (3, True)
    key = terminal.read(*register, entered=PASSWORD)
    assert (terminal.folder / "owner-key.pem").stat().st_mode & 0o777 == 0o600
    assert f"countersign-bridge owner-key add {key['ownerKeyId']} laptop" in terminal.errors
    assert terminal.read(*register, entered=PASSWORD) == key == terminal.read("key", "list")[0]

    producer = {
        "COUNTERSIGN_TOKEN": made["token"]["secret"],
        "COUNTERSIGN_KEY_ID": made["key"]["key"]["keyId"],
        "COUNTERSIGN_SECRET": made["key"]["secret"],
    }
    order = (
        *("--action", "place", "--instrument", "EURUSD", "--side", "buy", "--limit-price", "1.08"),
        *("--stop-loss", "1.07", "--no-take-profit"),
    )
    terminal.done("submit", *order, **producer)
    waiting = the_first_in_the_inbox(terminal)["approvalId"]

    terminal.run("approve", waiting, "--yes")
    assert (terminal.code, "Sign it with --key" in terminal.errors) == (4, True)
    approved = terminal.read("approve", waiting, "--yes", "--key", "owner-key.pem")
    assert approved["ownerSignature"]["ownerKeyId"] == key["ownerKeyId"]
    the_export_proves_it_without_a_server(terminal, made["key"]["secret"])

    assert "revokeTime" in terminal.read("key", "revoke", key["ownerKeyId"])
    (terminal.folder / "owner-key.pem").chmod(0o644)
    terminal.run("approve", waiting, "--yes", "--key", "owner-key.pem")
    assert (terminal.code, "KEY_READABLE_BY_OTHERS" in terminal.errors) == (2, True)


def the_export_proves_it_without_a_server(terminal: Terminal, secret: str) -> None:
    (terminal.folder / "secret").write_text(f"{secret}\n")
    nowhere = {"COUNTERSIGN_ADDRESS": "127.0.0.1:1"}
    known = ("--key", "owner-key.pem", "--secret-file", "secret")
    until_it_is_sealed(terminal)

    told = terminal.done("audit", "verify", "mine.jsonl", *known, **nowhere)
    assert "approved" in told
    assert "everything checked holds" in told
    assert "server key" in terminal.errors, "what is only the file's word is said"
    assert "HMAC" not in terminal.errors

    changed = (terminal.folder / "mine.jsonl").read_text().replace("volume: 0.1", "volume: 0.9")
    (terminal.folder / "changed.jsonl").write_text(changed)
    report = terminal.run("audit", "verify", "changed.jsonl", *known, **nowhere)
    assert (terminal.code, "IT DOES NOT HOLD" in report) == (4, True)
    assert "-> owner's signature" in report
    report = terminal.run("audit", "verify", "changed.jsonl", "--json", **nowhere)
    assert (terminal.code, json.loads(report)["intact"]) == (4, False)
    terminal.run("audit", "verify", "secret", **nowhere)
    assert (terminal.code, "line 1" in terminal.errors) == (2, True)


def until_it_is_sealed(terminal: Terminal) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        (terminal.folder / "mine.jsonl").unlink(missing_ok=True)
        terminal.done("audit", "export", "-o", "mine.jsonl")
        if '"kind":"approval.approved"' in (terminal.folder / "mine.jsonl").read_text():
            return
        time.sleep(0.1)
    raise AssertionError("the approval was not sealed")


def test_the_quickstart_that_a_new_producer_gets_runs_as_it_is(terminal: Terminal) -> None:
    sign_in_operator(terminal)
    sign_in_owner(terminal, "bob@example.com")
    terminal.done("producer", "create", "breakout")
    script = terminal.folder / "quickstart.py"
    assert script.stat().st_mode & 0o077 == 0, "it holds secrets"

    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, str(script)], capture_output=True, text=True, check=True
    )

    (signal,) = terminal.read("signals", "list")
    assert signal["signalId"] in done.stdout
    terminal.run("producer", "create", "another")
    assert (terminal.code, "exists already" in terminal.errors) == (2, True)
    assert len(terminal.read("producer", "list")) == 1


def test_each_failure_has_its_exit_code_and_one_line_that_says_what_to_do(
    terminal: Terminal,
) -> None:
    terminal.run("whoami")
    assert terminal.code == 3
    assert "countersign login" in terminal.errors
    assert len(terminal.errors.splitlines()) == 1, "one line, no traceback"

    terminal.run("login", "--email", OPERATOR[0], "--password-stdin", entered="wrong")
    assert (terminal.code, "CREDENTIALS_INVALID" in terminal.errors) == (3, True)

    sign_in_operator(terminal)
    terminal.run("signals", "show", "0197a1c2-0000-7000-8000-000000000000", "--profile", "op")
    assert (terminal.code, "NOT_FOUND" in terminal.errors) == (4, True)
    terminal.run("inbox", "--profile", "op")
    assert (terminal.code, "FORBIDDEN" in terminal.errors) == (4, True)
    terminal.run("inbox", "--nonsense")
    assert terminal.code == 2
    terminal.run("whoami", COUNTERSIGN_ADDRESS="127.0.0.1:1")
    assert (terminal.code, "UNREACHABLE" in terminal.errors) == (5, True)


def test_signing_out_ends_the_token_at_the_server(terminal: Terminal) -> None:
    sign_in_operator(terminal)
    kept = terminal.folder / "config.toml"
    token = kept.read_text().split('token = "')[1].split('"')[0]
    assert kept.stat().st_mode & 0o077 == 0
    assert terminal.read("whoami", COUNTERSIGN_TOKEN=token)["role"] == "ROLE_OPERATOR"

    terminal.done("logout", "--profile", "op")

    terminal.run("whoami", COUNTERSIGN_TOKEN=token)
    assert terminal.code == 3
    assert token not in kept.read_text()


def test_a_webhook_is_made_tried_and_ended(terminal: Terminal) -> None:
    sign_in_operator(terminal)
    sign_in_owner(terminal, "dave@example.com")

    made = terminal.read("webhook", "create", "https://hooks.invalid/", "--topic", "deal")
    endpoint = made["endpoint"]["endpointId"]
    terminal.done("webhook", "test", endpoint)
    tried = the_first_posted(terminal, endpoint)
    rotated = terminal.read("webhook", "rotate", endpoint, "--overlap", "1h")
    paused = terminal.read("webhook", "pause", endpoint)
    terminal.done("webhook", "resume", endpoint)
    terminal.done("webhook", "replay", endpoint, "--start", "2026-01-01", "--dead")
    terminal.run("webhook", "move", endpoint, "http://10.0.0.1/")
    refused = terminal.errors
    terminal.done("webhook", "delete", endpoint)

    assert made["secret"].startswith("whsec_")
    assert rotated["secret"] not in ("", made["secret"])
    assert tried["notification"]["eventKind"] == "webhook_endpoint.tested"
    assert paused["paused"]
    assert "WEBHOOK_URL_REFUSED" in refused
    assert terminal.read("webhook", "list") == []


def test_without_a_bot_pairing_says_what_is_missing(terminal: Terminal) -> None:
    sign_in_operator(terminal)
    sign_in_owner(terminal, "erin@example.com")

    terminal.run("telegram", "pair")

    assert (terminal.code, "TELEGRAM_NOT_CONFIGURED" in terminal.errors) == (4, True)
    assert terminal.read("telegram", "list") == []


def the_first_posted(terminal: Terminal, endpoint: str) -> Any:
    """Return it with its attempts, once there is one."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for posted in terminal.read("webhook", "log", endpoint):
            found = terminal.read("webhook", "attempts", posted["notificationId"])
            if found.get("attempts"):
                return found
        time.sleep(0.1)
    raise AssertionError("nothing was posted")


def test_an_owner_sets_what_guards_an_account_stops_it_and_lets_it_go_on(
    terminal: Terminal,
) -> None:
    sign_in_operator(terminal)
    sign_in_owner(terminal, "guarded@example.com")
    account = terminal.read(
        *("account", "create", "Main", "--server", "Sim-Demo", "--login", "1000077"),
        *("--currency", "USD", "--margin-mode", "hedging", "--demo"),
    )["accountId"]
    assert "default policy" in terminal.done("guards", "show")
    assert "peak-equity" in terminal.done("guards", "policy", "show", account)
    assert "ftmo-2-step" in terminal.done("guards", "policy", "presets")
    terminal.run("guards", "policy", "set", account, "--preset", "ftmo-2-step")
    assert (terminal.code, "needs --initial-balance" in terminal.errors) == (2, True)
    put = terminal.read(
        *("guards", "policy", "set", account),
        *("--preset", "ftmo-2-step", "--initial-balance", "10000"),
    )
    assert put["version"] == "1"
    terminal.run("guards", "policy", "set", account, "--file", "-", entered='{"currency": "EUR"}')
    assert "POLICY_INVALID" in terminal.errors
    terminal.run("guards", "call-off", account, "--reason", "no")
    assert (terminal.code, "NO_CLOSING" in terminal.errors) == (4, True)
    stopped = ("guards", "switch", "pull", "halted", "--account", account, "--reason", "news")
    assert "1 account(s) stopped" in terminal.done(*stopped)
    shown = terminal.done("guards", "show", "--account", account)
    assert "halted, by person" in shown
    assert "(news)" in shown
    assert "latched" in terminal.done("guards", "events")
    assert "nothing was closed" in terminal.done("guards", "alerts")
    assert ": active" in terminal.done("guards", "reset", account, "--reason", "calm again")
    pulled = terminal.read(
        *("guards", "switch", "pull", "close-only", "--everything"),
        *("--reason", "outage", "--profile", "op"),
    )["killSwitch"]
    assert "outage" in terminal.done("guards", "switch", "list", "--profile", "op")
    assert "close-only" in terminal.done("guards", "show")
    terminal.run("guards", "switch", "release", pulled["killSwitchId"], "--reason", "mine")
    assert "FORBIDDEN" in terminal.errors
    released = ("guards", "switch", "release", pulled["killSwitchId"], "--reason", "over")
    assert "released" in terminal.done(*released, "--profile", "op")


def test_limits_and_the_policy_of_differences_are_shown_set_and_lifted(terminal: Terminal) -> None:
    sign_in_operator(terminal)
    sign_in_owner(terminal, "lim@example.com")
    account = terminal.read(
        *("account", "create", "Main", "--server", "Sim-Demo", "--login", "1000088"),
        *("--currency", "USD", "--margin-mode", "hedging"),
    )["accountId"]
    shown = terminal.read("limits", "account", account)["limits"]
    assert (shown["maxOrdersPerSecond"], shown["maxIdenticalOrdersPerMinute"]) == (10, 20)
    changed = terminal.read(
        *("limits", "account", account, "--max-orders-per-second", "3"),
        *("--clear", "max_identical_orders_per_minute"),
    )["limits"]
    assert changed["maxOrdersPerSecond"] == 3
    assert not changed.get("maxIdenticalOrdersPerMinute")
    assert terminal.read("limits", "owner", "--max-orders-per-minute", "30") == terminal.read(
        "limits", "owner"
    )
    assert "30" in terminal.done("limits", "owner")
    together = terminal.read(
        *("limits", "owner", "--max-lots", "5.50", "--max-positions", "7"),
        *("--max-daily-loss", "500 USD", "--max-daily-loss", "400 EUR"),
    )
    assert (together["maxLots"], together["maxPositions"]) == ("5.5", 7)
    assert together["maxOrdersPerMinute"] == 30
    assert "400 EUR, 500 USD" in terminal.done("limits", "owner")
    twice = ("--max-daily-loss", "1 USD", "--max-daily-loss", "2 USD")
    terminal.run("limits", "owner", *twice)
    assert "one amount above 0 for each currency" in terminal.errors
    lifted = terminal.read("limits", "owner", "--clear", "max-daily-loss", "--clear", "max-lots")
    assert (lifted["maxDailyLosses"], lifted["maxLots"], lifted["maxPositions"]) == ([], "", 7)

    rules = terminal.read("reconcile", "policy", "set", account, "manual=close")
    assert terminal.read("reconcile", "policy", "show", account) == rules
    terminal.run("reconcile", "policy", "set", account, "orphan=close")
    assert "no open position" in terminal.errors
    assert terminal.done("reconcile", "divergences") == "nothing differs\n"
    assert account in terminal.done("reconcile", "status")
