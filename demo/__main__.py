"""`python -m demo`: start everything, tell the story, and stay up until ctrl-C."""

import json
import os
import shlex
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import grpc
from google.protobuf import json_format

from countersign.v1 import signals_pb2, signals_pb2_grpc
from demo.people import (
    CONSENT_VERSION,
    INSTRUMENT,
    Cast,
    assemble,
    cast_facts,
    producer_token,
    subscribe,
    symbols_told,
    write_private,
)
from demo.processes import Child, StartFailed, only_one_in
from demo.rest import Refused
from demo.settings import DemoSettings
from demo.stack import Stack, bridge_running, orders_at_broker, running, terminal_price
from demo.story import Story, tokens

_CONNECT_SECONDS = 40.0
_REFRESH_SECONDS = 20 * 60
_PERMANENT_REASON = {"reason"}


def say(text: str) -> None:
    """Print one line at once, so that it is seen when it happens."""
    print(text, flush=True)  # noqa: T201  # the demo speaks to a person


def main() -> int:
    """Run the demo and return the exit code: 0 only if every step held."""
    settings = DemoSettings()
    facts = settings.directory / "demo.json"
    settings.directory.mkdir(parents=True, exist_ok=True)
    alone = only_one_in(settings.directory)
    if alone is None:
        say(_running_already(facts))
        return 1
    cast = Cast.remembered(facts)
    if not facts.exists():
        write_private(facts, {"cast": cast_facts(cast)})
    # A shell starts what runs in its background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    started = time.monotonic()
    try:
        with ExitStack() as parts:
            say("Starting database, server, gateway and a simulated MetaTrader 5 terminal ...")
            stack = parts.enter_context(running(settings, cast))

            def remember(known: Cast) -> None:
                write_private(facts, {"cast": cast_facts(known)})

            cast = assemble(stack.rest, cast, remember)
            bridge = parts.enter_context(bridge_running(stack, cast))
            known = cast
            bridge.wait_until(
                lambda: symbols_told(stack.rest, known), _CONNECT_SECONDS, "the bridge connects"
            )
            cast = subscribe(stack.rest, cast)
            remember(cast)
            say(f"All parts are up after {time.monotonic() - started:.1f} s.\n")
            pending = _tell(stack, cast)
            _write_facts(facts, stack, cast, pending)
            _closing_words(settings, stack, facts, pending)
            if not settings.once:
                _stay(stack, cast, bridge, facts, pending)
    except KeyboardInterrupt:
        say("\nStopped. Everything that ran is ended; the data is kept for the next start.")
        return 0
    except (StartFailed, Refused, AssertionError) as error:
        say(f"\nThe demo failed: {error}")
        return 1
    return 0


def _running_already(facts: Path) -> str:
    rest = json.loads(facts.read_text()).get("addresses", {}).get("rest", "an address of its own")
    return (
        f"A demo runs already in {facts.parent}, at {rest}; ctrl-C in its terminal ends it.\n"
        "Another one beside it: make demo DIRECTORY=.demo-2 PORT=0 SERVER_PORT=0 INTERNAL_PORT=0 "
        "METRICS_PORT=0"
    )


def _tell(stack: Stack, cast: Cast) -> dict[str, str]:
    with grpc.insecure_channel(stack.gateway_address) as channel:
        stub = signals_pb2_grpc.SignalServiceStub(channel)

        def submit(signed: dict[str, Any]) -> dict[str, Any]:
            request = json_format.ParseDict({"signal": signed}, signals_pb2.SubmitSignalRequest())
            bearer = (("authorization", f"Bearer {producer_token(stack.rest, cast)}"),)
            try:
                answer = stub.SubmitSignal(request, metadata=bearer, timeout=5)
            except grpc.RpcError as error:
                raise _refused(error) from None
            return json_format.MessageToDict(answer)

        before = len(orders_at_broker(stack))
        story = Story(
            stack.rest,
            cast,
            say,
            submit,
            price=lambda: terminal_price(stack, INSTRUMENT),
            folder=stack.directory,
        )
        pending = story.tell()
    sent = len(orders_at_broker(stack)) - before
    if sent != 1:
        raise AssertionError(f"the broker received {sent} orders and not the one that was approved")
    say("The broker received exactly one order: the one that was approved.")
    return pending


def _refused(error: grpc.RpcError) -> Refused:
    from google.rpc import error_details_pb2, status_pb2  # noqa: PLC0415
    from grpc_status import rpc_status  # noqa: PLC0415  # only when something is refused

    # A failed call is also a Call, which is what the function reads.
    found: Any = rpc_status.from_call(cast(grpc.Call, error))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # no stubs
    status = cast(status_pb2.Status | None, found)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status else ():
        detail.Unpack(info)
    return Refused(0, info.reason or str(error.code()), str(error.details()))  # type: ignore[attr-defined]


def _write_facts(facts: Path, stack: Stack, cast: Cast, pending: dict[str, str]) -> None:
    write_private(
        facts,
        {
            "cast": cast_facts(cast),
            "addresses": {
                "rest": stack.gateway_url,
                "grpc": stack.gateway_address,
                "server": stack.addresses["public"],
                "internal": stack.addresses["internal"],
                "metrics": f"http://{stack.addresses['metrics']}/metrics",
                "terminal": stack.terminal_address,
                "database": stack.database_url,
            },
            "tokens": tokens(stack.rest, cast),
            "consent": CONSENT_VERSION,
            "operator": {"email": cast.operator_email, "password": cast.operator_password},
            "owner": {
                "user_id": cast.owner_id,
                "email": cast.owner_email,
                "password": cast.owner_password,
                "account_id": cast.account_id,
            },
            "producer": {
                "producer_id": cast.producer_id,
                "api_token": cast.producer_api_token,
                "key_id": cast.producer_key_id,
                "secret": cast.producer_key_secret,
            },
            "device": {"device_id": cast.device_id, "secret": cast.device_secret},
            "pending": pending,
            "processes": {
                "demo": os.getpid(),
                "server": stack.server.pid,
                "terminal": stack.terminal.pid,
            },
        },
    )


def _closing_words(
    settings: DemoSettings, stack: Stack, facts: Path, pending: dict[str, str]
) -> None:
    if settings.once:
        say("\nEvery step held.")
        return
    python = shlex.quote(str(Path(sys.executable)))
    shown = shlex.quote(str(facts))
    token = f"$({python} -c \"import json; print(json.load(open('{shown}'))['tokens']['owner'])\")"
    bearer = f'-H "authorization: Bearer {token}"'
    approval = json.dumps(
        {
            "signalId": pending["signal_id"],
            "accountId": pending["account_id"],
            "decision": "DECISION_APPROVE",
            "intentDigest": pending["intent_digest"],
        }
    )
    say(
        f"""
Approve it over REST:

  curl -sS {stack.gateway_url}/api/v1/approvals {bearer} \\
    -H 'content-type: application/json' \\
    -d '{approval}'

See what became of it:

  curl -sS {stack.gateway_url}/api/v1/exec/status/{pending["signal_id"]} {bearer}

Let the price crash, and see its guard close everything after ten seconds:

  {python} -m demo.crash

Addresses, tokens and keys of everybody are in {facts}. Metrics: http://{stack.addresses["metrics"]}/metrics
Stays up until ctrl-C."""
    )


def _stay(stack: Stack, cast: Cast, bridge: Child, facts: Path, pending: dict[str, str]) -> None:
    """Stay until ctrl-C, and keep the tokens in demo.json fresh.

    Raises StartFailed when a part has ended.
    """
    refreshed = time.monotonic()
    while True:
        time.sleep(0.5)
        for part in (stack.server, stack.terminal, bridge):
            if not part.is_alive:
                raise StartFailed(f"the {part.name} has ended; its log is {part.log}")
        if time.monotonic() - refreshed > _REFRESH_SECONDS:
            _write_facts(facts, stack, cast, pending)
            refreshed = time.monotonic()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
