"""Puts the bridge together and runs it. The only module that knows every part."""

import random
import secrets
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from uuid import uuid4

import grpc
import structlog

from countersign.v1 import execution_pb2
from countersign_bridge.bridge import Bridge, Chance, Intervals
from countersign_bridge.channel.client import ServerChannel, dial
from countersign_bridge.channel.session import StreamEnd
from countersign_bridge.clock import Moment
from countersign_bridge.crash_points import CrashPoint, reach
from countersign_bridge.effects import (
    Acknowledge,
    Ask,
    CloseStream,
    Effect,
    Effects,
    End,
    Log,
    OpenStream,
    Write,
)
from countersign_bridge.guarding.guard import GuardUnreadable
from countersign_bridge.journal.records import RecordKind
from countersign_bridge.journal.recovery import Past, recall
from countersign_bridge.journal.store import Journal, JournalUnavailable, open_journal
from countersign_bridge.pairing import Pairing, load_pairing
from countersign_bridge.settings import Settings
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.link import Patience, TerminalLink
from countersign_bridge.trading.verification import Identity, account_facts

_log = structlog.get_logger()

_TICK_S = 0.1
# Windows has a third: closing the console, or stopping the service.
_STOP_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
]
_JOIN_PATIENCE_S = 3.0
_CRASH_POINTS = {
    RecordKind.RECEIVED: (CrashPoint.BEFORE_RECEIVED, CrashPoint.AFTER_RECEIVED),
    RecordKind.INTENT: (CrashPoint.BEFORE_INTENT, CrashPoint.AFTER_INTENT),
    RecordKind.RESULT: (CrashPoint.BEFORE_RESULT, CrashPoint.AFTER_RESULT),
    RecordKind.DEAL: (CrashPoint.BEFORE_DEAL, CrashPoint.AFTER_DEAL),
    RecordKind.CLOSING: (CrashPoint.BEFORE_GUARD_CLOSING, CrashPoint.AFTER_GUARD_CLOSING),
    RecordKind.CLOSED: (CrashPoint.BEFORE_GUARD_CLOSED, CrashPoint.AFTER_GUARD_CLOSED),
    RecordKind.GUARD: (CrashPoint.BEFORE_GUARD_ACT, CrashPoint.AFTER_GUARD_ACT),
}

Happening = Callable[[Moment], Effects]


class StartRefused(Exception):
    """The bridge cannot start; the message says what to do."""


def now() -> Moment:
    return Moment(datetime.now(UTC), time.monotonic())


def terminal_opening(settings: Settings, pairing: Pairing | None, past: Past) -> jobs.Opening:
    """Return what a terminal process is told first."""
    account = pairing.account if pairing else None
    return jobs.Opening(
        module=settings.terminal_module,
        connection=settings.connection,
        login=account.login if account else settings.terminal_login,
        server=account.server if account else settings.terminal_server,
        orders_per_minute_max=settings.fence_orders_per_minute_max,
        volume_max=settings.fence_volume_max,
        symbols=settings.fence_symbols,
        used_grants=tuple(past.used_grants()),
        recent_send_ages=tuple(past.recent_send_ages(now().utc)),
    )


def run_bridge(settings: Settings) -> int:
    """Run until told to stop and return the exit code.

    Raises JournalError, PairingError, StartRefused.
    """
    pairing = load_pairing(settings)
    journal = open_journal(settings.state_dir, lambda: str(uuid4()))
    try:
        return _Shell(settings, pairing, journal).run()
    finally:
        journal.close()


class _Shell:
    """Does what the bridge decides: one thread for all decisions and the journal."""

    def __init__(self, settings: Settings, pairing: Pairing, journal: Journal) -> None:
        self._settings = settings
        self._pairing = pairing
        self._journal = journal
        self._past = recall(journal.records())
        self._inbox: SimpleQueue[Happening] = SimpleQueue()
        self._asked: dict[int, Ask] = {}
        self._numbers = count(1)
        self._bridge: Bridge | None = None
        self._exit: int | None = None
        self._stop_asked = threading.Event()
        self._link = TerminalLink(
            terminal_opening(settings, pairing, self._past),
            Patience(
                settings.terminal_call_timeout.total_seconds(),
                settings.terminal_start_timeout.total_seconds(),
            ),
            deliver=self._job_done,
            watch=self._terminal_seen,
            may_open=self._may_open,
            now=time.monotonic,
        )
        self._channel = ServerChannel(
            self._dialled,
            pairing.credentials,
            hear=self._heard,
            ended=self._stream_ended,
            now=now,
        )

    def run(self) -> int:
        for number in _STOP_SIGNALS:
            signal.signal(number, self._on_signal)
        _log.info("bridge starting", journal_id=self._journal.journal_id)
        self._link.start()
        try:
            while self._exit is None:
                self._turn()
            return self._exit
        finally:
            self._link.stop()
            self._channel.join(_JOIN_PATIENCE_S)
            _log.info("bridge stopped", code=self._exit)

    def _dialled(self) -> grpc.Channel:
        settings = self._settings
        return dial(
            settings.server_address,
            tls=settings.tls,
            root_certificates=bytes_of(settings.tls_root_certificates),
            private_key=bytes_of(settings.tls_private_key),
            certificate=bytes_of(settings.tls_certificate),
        )

    def _turn(self) -> None:
        """Take what has happened, then do what is due."""
        try:
            happening: Happening | None = self._inbox.get(timeout=_TICK_S)
        except Empty:
            happening = None
        if happening is not None:
            self._do(happening(now()))
        if self._bridge is None:
            self._exit = 0 if self._stop_asked.is_set() else self._exit
        elif self._stop_asked.is_set():
            self._do(self._bridge.stop(now()))
        else:
            self._do(self._bridge.tick(now()))

    def _do(self, effects: Effects) -> None:
        waiting = list(effects)
        while waiting:
            waiting = [*self._done(waiting[0]), *waiting[1:]]
            self._put_due()
        self._put_due()

    def _done(self, effect: Effect) -> Effects:
        """Do one effect and return what follows from it at once."""
        if isinstance(effect, Write):
            return self._write(effect)
        if isinstance(effect, Ask):
            number = next(self._numbers)
            self._asked[number] = effect
            self._link.submit(number, effect.job)
        elif isinstance(effect, OpenStream):
            self._channel.open(effect.stream, effect.hello)
        elif isinstance(effect, CloseStream):
            for frame in effect.farewell:
                self._channel.put(frame)
            self._channel.close(effect.stream)
        elif isinstance(effect, Acknowledge):
            self._acknowledge(effect)
        elif isinstance(effect, Log):
            getattr(_log, effect.level)(effect.message, **effect.facts)
        elif isinstance(effect, End):
            self._end(effect)
        return []

    def _write(self, write: Write) -> Effects:
        bridge = self._running()
        kind = write.records[0].kind
        before, after = _CRASH_POINTS.get(kind, (None, None))
        if before is not None:
            reach(before)
        try:
            kept = self._journal.append(write.records)
        except JournalUnavailable as error:
            return bridge.write_failed(write, str(error), now())
        if after is not None:
            reach(after)
        return bridge.written(write, kept, now())

    def _put_due(self) -> None:
        for frame in self._bridge.due() if self._bridge is not None else ():
            self._channel.put(frame)
            if frame.HasField("claim"):
                reach(CrashPoint.AFTER_CLAIM)
            elif frame.event.HasField("result"):
                reach(CrashPoint.AFTER_RESULT_TOLD)

    def _acknowledge(self, effect: Acknowledge) -> None:
        try:
            self._journal.acknowledge(effect.numbers)
        except JournalUnavailable as error:
            # Told again after a restart, and known as a repeat.
            _log.warning("acknowledgement not written", why=str(error))

    def _end(self, effect: End) -> None:
        self._exit = effect.code
        if effect.message:
            raise StartRefused(effect.message)

    def _running(self) -> Bridge:
        if self._bridge is None:
            raise AssertionError("nothing happens before the terminal has shown its account")
        return self._bridge

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._stop_asked.set()
        self._inbox.put(lambda _: [])

    def _job_done(self, number: int, outcome: jobs.Answer | jobs.Failure) -> None:
        def happened(at: Moment) -> Effects:
            return self._running().job_done(self._asked.pop(number), outcome, at)

        self._inbox.put(happened)

    def _heard(self, stream: int, frame: execution_pb2.ChannelResponse) -> None:
        self._inbox.put(lambda at: self._running().hear(stream, frame, at))

    def _stream_ended(self, stream: int, how: StreamEnd) -> None:
        self._inbox.put(lambda at: self._running().stream_ended(stream, how, at))

    def _terminal_seen(self, seen: jobs.HealthAnswer | jobs.Failure) -> None:
        self._inbox.put(lambda at: self._see_terminal(seen, at))

    def _see_terminal(self, seen: jobs.HealthAnswer | jobs.Failure, at: Moment) -> Effects:
        if self._bridge is None:
            if isinstance(seen, jobs.HealthAnswer):
                self._bridge = self._assembled(identity_of(seen, self._pairing), at)
            elif isinstance(seen, jobs.AccountChanged):
                raise StartRefused(_wrong_account(seen.shown, self._pairing))
            else:
                _log.warning("terminal not reached", why=str(seen))
                return []
        return self._bridge.terminal_seen(seen, at)

    def _assembled(self, identity: Identity, at: Moment) -> Bridge:
        settings = self._settings
        try:
            return Bridge(
                Situation(identity),
                self._past,
                journal_id=self._journal.journal_id,
                chance=Chance(
                    new_nonce=lambda: secrets.token_bytes(16),
                    new_id=lambda: str(uuid4()),
                    jitter=random.SystemRandom().random,
                ),
                intervals=Intervals(settings.scan_interval, settings.watch_interval),
                now=at,
            )
        except GuardUnreadable as error:
            raise StartRefused(str(error)) from error

    def _may_open(self) -> bool:
        return self._bridge is not None and self._bridge.may_open


def identity_of(seen: jobs.HealthAnswer, pairing: Pairing | None) -> Identity:
    """Return whose account this bridge serves. Raises StartRefused if the terminal's is another."""
    login, server, currency, margin_mode = account_facts(seen.account)
    if margin_mode is None:
        raise StartRefused(f"the account's margin mode {seen.account.margin_mode} is unknown here")
    account = pairing.account if pairing else None
    shown = (login, server, currency, margin_mode)
    if account is not None and shown != (
        account.login,
        account.server,
        account.currency,
        account.margin_mode,
    ):
        raise StartRefused(_wrong_account(f"{login}@{server} {currency} {margin_mode}", pairing))
    owner_keys = None
    if pairing is not None and pairing.owner_keys is not None:
        owner_keys = frozenset(pairing.owner_keys)
    return Identity(
        account_id="",
        login=login,
        server=server,
        currency=currency,
        margin_mode=margin_mode,
        pinned_keys=pairing.approval_keys if pairing else {},
        owner_keys=owner_keys,
    )


def _wrong_account(shown: str, pairing: Pairing | None) -> str:
    account = pairing.account if pairing else None
    served = "the account in the settings"
    if account is not None:
        served = f"{account.login}@{account.server} {account.currency} {account.margin_mode}"
    return f"the terminal shows {shown}, this bridge serves {served}: log in to that account"


def bytes_of(file: Path | None) -> bytes | None:
    return None if file is None else file.read_bytes()
