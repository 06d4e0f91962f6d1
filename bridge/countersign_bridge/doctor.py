"""What keeps this bridge from trading, and which switch to flip."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import grpc

from countersign.v1 import identity_pb2, identity_pb2_grpc
from countersign_bridge.app import bytes_of
from countersign_bridge.channel.client import SIGN_IN_PATIENCE_S, dial, stream_end
from countersign_bridge.enrolment import ask_terminal
from countersign_bridge.guarding.guard import GuardUnreadable, remembered
from countersign_bridge.journal.recovery import recall
from countersign_bridge.journal.store import (
    JournalError,
    JournalInUse,
    open_journal,
    read_journal,
)
from countersign_bridge.pairing import Pairing, PairingError, load_pairing
from countersign_bridge.settings import Settings
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.link import Outcome
from countersign_bridge.trading.verification import account_facts

_SYMBOLS_MAX = 5_000
# The default policy is the same in any.
_ANY_CURRENCY = "USD"
_NOT_TRADED = {0: "closed for trading", 3: "positions can only be closed"}

# A token lives minutes, a clock further off than this makes times in the audit misleading.
_SKEW_MAX = timedelta(seconds=30)
_TOKEN_DOTS = 2

_TERMINAL_REMEDIES = {
    -10003: "start MetaTrader 5, or name its terminal64.exe in COUNTERSIGN_BRIDGE_TERMINAL_PATH",
    -10004: "the terminal has closed: start MetaTrader 5 again",
    -10005: "the terminal does not answer: close its dialogs, or restart it",
    -6: "the login was refused: check COUNTERSIGN_BRIDGE_TERMINAL_LOGIN, _PASSWORD and _SERVER",
    -8: (
        "untick 'Disable algorithmic trading via external Python API' in Tools > Options > "
        "Expert Advisors"
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `remedy` says what to do, where something is wrong."""

    subject: str
    well: bool
    detail: str
    remedy: str = ""

    @classmethod
    def of_order(cls, subject: str, detail: str) -> "Finding":
        return cls(subject, True, detail)  # noqa: FBT003  # the field's one other use is below

    @classmethod
    def of_trouble(cls, subject: str, detail: str, remedy: str) -> "Finding":
        return cls(subject, False, detail, remedy)  # noqa: FBT003

    def line(self) -> str:
        remedy = f": {self.remedy}" if self.remedy else ""
        return f"{'ok     ' if self.well else 'PROBLEM'}  {self.subject}: {self.detail}{remedy}"

    def plain(self) -> dict[str, object]:
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a bridge needs, in the order it needs it."""
    pairing, paired = _pairing(settings)
    return [
        paired,
        *_owner_keys(pairing),
        _journal(settings),
        *_guard(settings),
        *_terminal(settings, pairing),
        *_server(settings, pairing),
    ]


def _pairing(settings: Settings) -> tuple[Pairing | None, Finding]:
    try:
        pairing = load_pairing(settings)
    except PairingError as error:
        return None, Finding.of_trouble("pairing", "not paired", str(error))
    keys = len(pairing.approval_keys)
    detail = f"device {pairing.credentials.device_id}, {keys} approval key(s) pinned"
    return pairing, Finding.of_order("pairing", detail)


def _owner_keys(pairing: Pairing | None) -> Iterator[Finding]:
    if pairing is None:
        return
    if pairing.owner_keys is None:
        detail = "none pinned; the server's countersignature is enough"
        yield Finding.of_order("owner keys", detail)
    elif not pairing.owner_keys:
        remedy = "'owner-key add ID' pins one; without the file none is asked for"
        yield Finding.of_trouble("owner keys", "asked for, and none is pinned", remedy)
    else:
        pins = (f"{key_id} ({label})" for key_id, label in pairing.owner_keys.items())
        yield Finding.of_order("owner keys", f"pinned: {', '.join(pins)}")


def _journal(settings: Settings) -> Finding:
    try:
        journal = open_journal(settings.state_dir, lambda: str(uuid4()))
    except JournalInUse:
        return Finding.of_order("journal", f"in use by the running bridge, in {settings.state_dir}")
    except JournalError as error:
        remedy = "free the disk or the file; nothing is traded before the journal can be written"
        return Finding.of_trouble("journal", str(error), remedy)
    journal.close()
    return Finding.of_order("journal", f"can be written, in {settings.state_dir}")


def _guard(settings: Settings) -> Iterator[Finding]:
    """Say by which policy the account is guarded, and what the guard holds."""
    try:
        journal = read_journal(settings.state_dir)
    except JournalError:
        return  # said already, or nothing was written yet
    try:
        past = recall(journal.records())
    finally:
        journal.close()
    try:
        policy, state = remembered(past, _ANY_CURRENCY)
    except GuardUnreadable as error:
        yield Finding.of_trouble("guard", "cannot be read", str(error))
        return
    named = f"version {policy.version}, {policy.digest[:12]}" if policy.version else "the default"
    yield Finding.of_order("guard's policy", named)
    latch = state.latch
    if state.trading_state.may_open:
        yield Finding.of_order("guard", str(state.trading_state))
        return
    if state.countdown is not None:
        cause, since = state.countdown.rule_id, state.countdown.announced_at
        remedy = f"everything is closed at {state.countdown.closes_at.isoformat()}, or call it off"
    else:
        cause, since = latch.cause, latch.since
        remedy = "reset it with a reason: 'countersign guards reset'"
    when = f" since {since.isoformat(timespec='seconds')}" if since else ""
    yield Finding.of_trouble("guard", f"{state.trading_state} by {cause}{when}", remedy)


def _terminal(settings: Settings, pairing: Pairing | None) -> Iterator[Finding]:
    names = settings.fence_symbols
    questions = (jobs.Symbols(names, _SYMBOLS_MAX), jobs.Quotes(names)) if names else ()
    shown, answers = ask_terminal(settings, *questions)
    if isinstance(shown, jobs.AccountChanged):
        yield Finding.of_trouble(
            "account", f"the terminal shows {shown.shown}", "log in to the other"
        )
        return
    if not isinstance(shown, jobs.HealthAnswer):
        yield _unreached(shown)
        return
    yield Finding.of_order("terminal", f"build {shown.terminal.build}")
    yield _account(shown, pairing)
    yield _switch(
        "broker connection",
        shown.terminal.connected,
        "check the network, and the login shown in the terminal's lower right corner",
    )
    yield _switch(
        "Algo Trading",
        shown.terminal.trade_allowed,
        "press the Algo Trading button in the terminal's toolbar",
    )
    yield _switch("Python API", not shown.terminal.api_disabled, _TERMINAL_REMEDIES[-8])
    yield _switch(
        "trading password",
        shown.account.trade_allowed,
        "log in with the trading password; the investor's only lets you watch",
    )
    yield _switch(
        "algorithmic trading at the broker",
        shown.account.trade_expert,
        "ask the broker to allow algorithmic trading for this account",
    )
    yield from symbol_findings(names, answers)


def symbol_findings(names: Sequence[str], answers: Sequence[Outcome]) -> Iterator[Finding]:
    """Say of each symbol that the fence lets through whether it can be traded.

    A symbol hidden in Market Watch has been shown by asking for it; one that stays without a price
    is named.
    """
    if not names:
        return
    symbols, quotes = answers
    if not isinstance(symbols, jobs.SymbolsAnswer) or not isinstance(quotes, jobs.QuotesAnswer):
        yield Finding.of_trouble("symbols", f"{symbols}, {quotes}", "restart the terminal")
        return
    known = {view.name: view for view in symbols.symbols}
    priced = {tick.symbol for tick in quotes.ticks}
    for name in names:
        subject = f"symbol {name}"
        if name not in known:
            near = [other for other in known if other.lower().startswith(name.lower())]
            hint = f"{near[0]}, perhaps" if near else "see Market Watch"
            remedy = f"name it in fence_symbols as the terminal spells it: {hint}"
            yield Finding.of_trouble(subject, "the terminal has none of that name", remedy)
        elif known[name].trade_mode in _NOT_TRADED:
            remedy = "ask the broker, or take it off fence_symbols"
            yield Finding.of_trouble(subject, _NOT_TRADED[known[name].trade_mode], remedy)
        elif name not in priced:
            remedy = "show it in Market Watch (Ctrl+M) and wait for its first price"
            yield Finding.of_trouble(subject, "it has no price", remedy)
        else:
            yield Finding.of_order(subject, "shown, with a price")


def _unreached(failure: jobs.Failure) -> Finding:
    if isinstance(failure, jobs.CallFailed):
        detail = f"{failure.call}: {failure.code} {failure.text}"
        if failure.call == "import":
            return Finding.of_trouble("terminal", detail, "install the package the settings name")
        remedy = _TERMINAL_REMEDIES.get(failure.code, "restart the terminal")
        return Finding.of_trouble("terminal", detail, remedy)
    return Finding.of_trouble("terminal", str(failure), "restart the terminal")


def _account(shown: jobs.HealthAnswer, pairing: Pairing | None) -> Finding:
    login, server, currency, mode = account_facts(shown.account)
    detail = f"{login}@{server} {currency} {mode or 'of an unknown kind'}"
    account = pairing.account if pairing else None
    if account is None or (login, server, currency, mode) == (
        account.login,
        account.server,
        account.currency,
        account.margin_mode,
    ):
        return Finding.of_order("account", detail)
    served = f"{account.login}@{account.server} {account.currency} {account.margin_mode}"
    return Finding.of_trouble("account", detail, f"log in to {served}, which this bridge serves")


def _switch(subject: str, on: bool, remedy: str) -> Finding:  # noqa: FBT001  # a switch is on or off
    return Finding(subject, on, "on" if on else "off", "" if on else remedy)


def _server(settings: Settings, pairing: Pairing | None) -> Iterator[Finding]:
    if pairing is None:
        return
    channel = dial(
        settings.server_address,
        tls=settings.tls,
        root_certificates=bytes_of(settings.tls_root_certificates),
        private_key=bytes_of(settings.tls_private_key),
        certificate=bytes_of(settings.tls_certificate),
    )
    proof = identity_pb2.DeviceProof(
        device_id=pairing.credentials.device_id, secret=pairing.credentials.secret
    )
    request = identity_pb2.CreateSessionRequest(device=proof)
    with channel:
        stub = identity_pb2_grpc.IdentityServiceStub(channel)
        try:
            session = stub.CreateSession(request, timeout=SIGN_IN_PATIENCE_S)
        except grpc.RpcError as error:
            yield _refused(settings, error)
            return
    yield Finding.of_order("server", f"{settings.server_address} takes this device")
    told = _issue_time(session.access_token)
    if told is not None:
        yield _clock(datetime.now(UTC) - told)


def _issue_time(token: str) -> datetime | None:
    """Return when a token says it was made, by the server's clock; None: it does not say."""
    payload = token.split(".")[1] if token.count(".") == _TOKEN_DOTS else ""
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(float(claims["iat"]), UTC)
    except (ValueError, KeyError, TypeError):
        return None


def _clock(ahead: timedelta) -> Finding:
    seconds = ahead.total_seconds()
    detail = f"{abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} the server's"
    well = abs(ahead) <= _SKEW_MAX
    remedy = "" if well else "turn on the system's time synchronisation"
    return Finding("clock", well, detail, remedy)


def _refused(settings: Settings, error: grpc.RpcError) -> Finding:
    end = stream_end(error)
    detail = f"{settings.server_address}: {end.code} {end.reason} {end.detail}".strip()
    if end.reason == "CREDENTIALS_INVALID":
        return Finding.of_trouble("server", detail, "pair this bridge again")
    return Finding.of_trouble(
        "server", detail, "check COUNTERSIGN_BRIDGE_SERVER_ADDRESS, _TLS and the network"
    )
