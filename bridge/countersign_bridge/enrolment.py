"""Turning a pairing code into a device."""

from pathlib import Path
from queue import SimpleQueue
from time import monotonic

import grpc

from countersign.v1 import devices_pb2, devices_pb2_grpc
from countersign_bridge import __version__
from countersign_bridge.app import bytes_of, identity_of, terminal_opening
from countersign_bridge.channel.client import Credentials, dial, stream_end
from countersign_bridge.journal.recovery import Past
from countersign_bridge.pairing import PairedAccount, Pairing, save_pairing
from countersign_bridge.reporting.events import fingerprint_message
from countersign_bridge.settings import KEY_SIZE, Settings
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.link import Outcome, Patience, TerminalLink

_PATIENCE_S = 15.0

_REASONS = {
    "PAIRING_CODE_INVALID": "the code is wrong, used or older than ten minutes: make a new one",
    "ACCOUNT_MISMATCH": "the code was made for another account than the terminal shows",
    "TOO_MANY_ATTEMPTS": "too many wrong codes: wait a minute",
}


class EnrolmentRefused(Exception):
    """The bridge was not paired; the message says what to do."""


def enrol(settings: Settings, code: str) -> Path:
    """Pair this bridge and return the file that says so. Raises EnrolmentRefused, OSError."""
    shown = look_at_terminal(settings)
    if not isinstance(shown, jobs.HealthAnswer):
        raise EnrolmentRefused(f"the terminal cannot be reached ({shown}): see 'doctor'")
    identity = identity_of(shown, pairing=None)
    account = PairedAccount(
        identity.login, identity.server, identity.currency, identity.margin_mode
    )
    request = devices_pb2.PairDeviceRequest(
        code=code,
        agent_version=__version__,
        account=fingerprint_message(
            login=account.login,
            server=account.server,
            currency=account.currency,
            margin_mode=account.margin_mode,
        ),
    )
    response = _paired(settings, request)
    keys = {key.key_id: key.public_key for key in response.approval_keys}
    if not keys or any(len(key) != KEY_SIZE for key in keys.values()):
        raise EnrolmentRefused("the server gave no keys to check approvals with: ask its operator")
    credentials = Credentials(response.device.device_id, response.secret)
    return save_pairing(settings.state_dir, Pairing(credentials, keys, account))


def look_at_terminal(settings: Settings) -> jobs.HealthAnswer | jobs.Failure:
    """Return what the terminal shows of itself, or why it shows nothing."""
    return ask_terminal(settings)[0]


def ask_terminal(
    settings: Settings, *questions: jobs.Job
) -> tuple[jobs.HealthAnswer | jobs.Failure, list[Outcome]]:
    """Return what the terminal shows of itself, or why nothing, and how it answers `questions`.

    A terminal that cannot be reached answers none of them.
    """
    seen: SimpleQueue[jobs.HealthAnswer | jobs.Failure] = SimpleQueue()
    answers: SimpleQueue[Outcome] = SimpleQueue()
    link = TerminalLink(
        terminal_opening(settings, None, Past()),
        Patience(
            settings.terminal_call_timeout.total_seconds(),
            settings.terminal_start_timeout.total_seconds(),
        ),
        deliver=lambda _, outcome: answers.put(outcome),
        watch=seen.put,
        may_open=lambda: False,  # it only asks
        now=monotonic,
    )
    link.start()
    try:
        shown = seen.get()
        if not isinstance(shown, jobs.HealthAnswer):
            return shown, []
        told: list[Outcome] = []
        for number, question in enumerate(questions):
            link.submit(number, question)
            told.append(answers.get())
        return shown, told
    finally:
        link.stop()


def _paired(
    settings: Settings, request: devices_pb2.PairDeviceRequest
) -> devices_pb2.PairDeviceResponse:
    channel = dial(
        settings.server_address,
        tls=settings.tls,
        root_certificates=bytes_of(settings.tls_root_certificates),
        private_key=bytes_of(settings.tls_private_key),
        certificate=bytes_of(settings.tls_certificate),
    )
    with channel:
        try:
            return devices_pb2_grpc.DeviceServiceStub(channel).PairDevice(
                request, timeout=_PATIENCE_S
            )
        except grpc.RpcError as error:
            end = stream_end(error)
            told = _REASONS.get(end.reason) or f"{end.code} {end.reason} {end.detail}".strip()
            where = settings.server_address
            raise EnrolmentRefused(f"the server at {where} did not pair: {told}") from error
