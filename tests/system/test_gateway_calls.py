"""What a caller sees through a real gateway: calls, errors, streams, browsers."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any, cast

import grpc
import httpx2
import pytest
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from countersign.v1 import identity_pb2, identity_pb2_grpc, signals_pb2, signals_pb2_grpc
from gateway.contract import Binding, Method
from gateway.openapi import DOCUMENT
from gateway.render import PUBLIC_METHODS
from tests.fixtures.gateway_world import METHODS, World, until, world

PAGE = "https://app.example"
IDLE_LIMIT = 0.4
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    with world(
        tmp_path_factory.mktemp("edge"),
        web_origins=(PAGE,),
        idle_limit=timedelta(seconds=IDLE_LIMIT),
        call_limit=timedelta(seconds=1),
    ) as made:
        yield made


REST_FORMS = [
    pytest.param(method, binding, id=f"{binding.verb} {binding.template}")
    for method in METHODS
    for binding in method.bindings
]


PUBLIC = [method for method in METHODS if method.path in PUBLIC_METHODS]
PRIVATE = [method for method in METHODS if method.path not in PUBLIC_METHODS]


def path_of(method: Method) -> str:
    return method.path


def reason_of(answer: httpx2.Response) -> str:
    return answer.json()["details"][0]["reason"]


@pytest.mark.parametrize(("method", "binding"), REST_FORMS)
def test_every_rest_path_of_the_contract_reaches_its_method(
    edge: World, method: Method, binding: Binding
) -> None:
    path = binding.template
    for variable in binding.variables:
        path = path.replace(f"{{{variable}}}", "x1")
    body = None if not binding.body else "{}"
    edge.records.released.set()

    answer = edge.http.request(binding.verb, path, content=body, headers=edge.signed_in())

    assert reason_of(answer) == "NOT_FOUND" if method.name == "GetSignal" else answer.is_success
    assert edge.records.last(method.name).metadata["x-envoy-original-path"] == path


def example(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return "2026-11-21T10:00:00Z"
    if "$ref" in schema:
        return "1"
    return "1" if schema["type"] in {"integer", "string"} else "true"


QUERIES = [
    pytest.param(path, each["name"], each["schema"], id=f"{path}?{each['name']}")
    for path, verbs in json.loads(DOCUMENT.read_text())["paths"].items()
    for each in verbs.get("get", {}).get("parameters", [])
    if each["in"] == "query"
]


@pytest.mark.parametrize(("path", "name", "schema"), QUERIES)
def test_every_query_parameter_of_the_document_is_understood(
    edge: World, path: str, name: str, schema: dict[str, Any]
) -> None:
    edge.records.released.set()
    path = path.replace("{", "").replace("}", "")

    answer = edge.http.get(
        path, params={name: example(schema.get("items", schema))}, headers=edge.signed_in()
    )

    assert answer.is_success


def test_a_call_over_rest_is_the_call_over_grpc(edge: World) -> None:
    with edge.channel() as channel:
        stub = identity_pb2_grpc.IdentityServiceStub(channel)
        over_grpc = stub.GetMe(identity_pb2.GetMeRequest(), metadata=edge.authorized())
    over_rest = edge.http.get("/api/v1/me", headers=edge.signed_in()).json()

    assert over_rest["user"]["displayName"] == over_grpc.user.display_name == "Ann"


@pytest.mark.parametrize("method", PRIVATE, ids=path_of)
def test_every_method_but_the_public_ones_needs_a_token(edge: World, method: Method) -> None:
    with edge.channel() as channel, pytest.raises(grpc.RpcError) as refusal:
        channel.unary_unary(method.path)(b"")
    answers = [
        edge.http.request(b.verb, b.template.replace("{", "").replace("}", ""))
        for b in method.bindings
    ]

    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert {(answer.status_code, reason_of(answer)) for answer in answers} <= {
        (401, "UNAUTHENTICATED")
    }


@pytest.mark.parametrize("method", PUBLIC, ids=path_of)
def test_what_comes_before_a_token_needs_none(edge: World, method: Method) -> None:
    with edge.channel() as channel:
        channel.unary_unary(method.path)(b"")
    for binding in method.bindings:
        content = "{}" if binding.body else None
        assert edge.http.request(binding.verb, binding.template, content=content).is_success


def test_a_public_path_is_public_for_its_own_verb_only(edge: World) -> None:
    assert edge.http.get("/api/v1/sessions").status_code == 401
    assert edge.http.post("/api/v1/sessions/", content="{}").status_code == 401


def test_an_unknown_path_is_a_json_not_found(edge: World) -> None:
    for path in ("/", "/nope", "/api/v1/nope", "/api/v2/me", "/docs"):
        answer = edge.http.get(path, headers=edge.signed_in())
        assert (answer.status_code, answer.json()["code"]) == (404, 5)
        assert reason_of(answer) == "PATH_UNKNOWN"


@pytest.mark.parametrize(
    "path", ["/grpc.health.v1.Health/Check", "/grpc.channelz.v1.Channelz/GetServers"]
)
def test_operators_services_are_not_for_outsiders(edge: World, path: str) -> None:
    with edge.channel() as channel, pytest.raises(grpc.RpcError) as refusal:
        channel.unary_unary(path)(b"", metadata=edge.authorized())

    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_the_contract_is_not_listed_to_outsiders(edge: World) -> None:
    question = reflection_pb2.ServerReflectionRequest(list_services="")
    with edge.channel() as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # it has no types
        answers = stub.ServerReflectionInfo(iter([question]), metadata=edge.authorized())
        with pytest.raises(grpc.RpcError) as refusal:
            next(answers)

    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_an_error_of_the_server_keeps_its_reason_over_rest(edge: World) -> None:
    answer = edge.http.get("/api/v1/signals/unknown", headers=edge.signed_in())

    assert answer.status_code == 404
    assert answer.json() == {
        "code": 5,
        "message": "there is no such signal",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "NOT_FOUND",
                "domain": "countersign",
                "metadata": {},
            }
        ],
    }


def test_an_error_of_the_server_keeps_its_reason_over_grpc(edge: World) -> None:
    with edge.channel() as channel, pytest.raises(grpc.RpcError) as refusal:
        signals_pb2_grpc.SignalServiceStub(channel).GetSignal(
            signals_pb2.GetSignalRequest(signal_id="unknown"), metadata=edge.authorized()
        )
    status = cast("Any", rpc_status).from_call(refusal.value)
    info = error_details_pb2.ErrorInfo()

    assert status is not None
    assert status.details[0].Unpack(info)
    assert info.reason == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/api/v1/me?x=1", "/api/v1/signals?page_siz=3"])
def test_a_query_parameter_that_nobody_knows_is_refused(edge: World, path: str) -> None:
    answer = edge.http.get(path, headers=edge.signed_in())

    assert (answer.status_code, reason_of(answer)) == (400, "REQUEST_MALFORMED")


def test_a_body_that_is_not_json_is_refused(edge: World) -> None:
    answer = edge.http.post("/api/v1/sessions", content="{", headers=edge.signed_in())

    assert (answer.status_code, reason_of(answer)) == (400, "REQUEST_MALFORMED")


def batch(payload: bytes, count: int) -> signals_pb2.SubmitSignalsRequest:
    signal = signals_pb2.SignedSignal(key_id="k", payload=payload)
    return signals_pb2.SubmitSignalsRequest(signals=[signal] * count)


def test_a_batch_of_four_mebibytes_passes_and_a_larger_body_is_refused(edge: World) -> None:
    def send(count: int) -> httpx2.Response:
        signal = {"keyId": "k", "payload": "A" * 32_000}
        body = json.dumps({"signals": [signal] * count})
        return edge.http.post("/api/v1/signals:batch", content=body, headers=edge.signed_in())

    fits, too_large = send(130), send(200)

    assert fits.is_success
    assert (too_large.status_code, reason_of(too_large)) == (413, "BODY_TOO_LARGE")


def test_how_large_a_grpc_message_may_be_is_for_the_server_to_say(edge: World) -> None:
    with edge.channel() as channel:
        answer = signals_pb2_grpc.SignalServiceStub(channel).SubmitSignals(
            batch(bytes(32_000), 200), metadata=edge.authorized()
        )

    assert len(answer.results) == 200


def test_a_call_ends_at_its_limit_and_the_server_knows_the_limit(edge: World) -> None:
    edge.records.released.clear()

    answer = edge.http.get("/api/v1/signals/slow", headers=edge.signed_in())

    left = edge.records.last("GetSignal").seconds_left
    assert (answer.status_code, reason_of(answer)) == (504, "DEADLINE_EXCEEDED")
    assert left is not None
    assert 0 < left <= 1


def test_a_callers_request_id_is_kept_and_echoed(edge: World) -> None:
    answer = edge.http.get("/api/v1/me", headers=edge.signed_in(**{"x-request-id": "order-7"}))

    assert answer.headers["x-request-id"] == "order-7"
    assert edge.records.last("GetMe").metadata["x-request-id"] == "order-7"


def test_headers_of_the_gateway_itself_go_neither_in_nor_out(edge: World) -> None:
    forged = {
        "x-envoy-original-path": "/forged",
        "x-envoy-retry-on": "5xx",
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-forwarded-client-cert": "URI=spiffe://countersign/device/forged",
    }

    answer = edge.http.get("/api/v1/me", headers=edge.signed_in(**forged))

    arrived = edge.records.last("GetMe").metadata
    assert answer.is_success
    assert not [name for name in answer.headers if name.startswith("x-envoy")]
    assert arrived["x-envoy-original-path"] == "/api/v1/me"
    assert not {"x-envoy-retry-on", "x-envoy-upstream-rq-timeout-ms"} & set(arrived)
    assert "x-forwarded-client-cert" not in arrived


def test_a_grpc_caller_cannot_pass_for_a_rest_caller(edge: World) -> None:
    forged = (("x-envoy-original-path", "/forged"), ("x-envoy-original-method", "PUT"))
    with edge.channel() as channel:
        me = identity_pb2_grpc.IdentityServiceStub(channel).GetMe
        me(identity_pb2.GetMeRequest(), metadata=edge.authorized() + forged)
        with pytest.raises(grpc.RpcError) as refusal:
            me(identity_pb2.GetMeRequest(), metadata=forged)

    arrived = edge.records.last("GetMe").metadata
    assert not {"x-envoy-original-path", "x-envoy-original-method"} & set(arrived)
    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_page_of_the_allow_list_may_ask_and_another_may_not(edge: World) -> None:
    def preflight(origin: str) -> httpx2.Response:
        asked = {"access-control-request-method": "POST", "origin": origin}
        return edge.http.request("OPTIONS", "/api/v1/approvals", headers=asked)

    allowed, refused = preflight(PAGE), preflight("https://evil.example")
    answer = edge.http.get("/api/v1/me", headers=edge.signed_in(origin=PAGE))

    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert allowed.is_success
    assert "access-control-allow-origin" not in refused.headers
    assert refused.status_code == 401
    assert answer.headers["access-control-allow-origin"] == PAGE


def test_a_browser_may_speak_grpc_web(edge: World) -> None:
    answer = subprocess.run(  # noqa: S603  # our own tool
        [
            *(Path(sys.executable).parent / "buf", "curl", "--protocol", "grpcweb"),
            *("--schema", PROJECT / "gateway/countersign.binpb"),
            *("--http2-prior-knowledge", "-H", f"authorization: Bearer {edge.token()}"),
            f"{edge.gateway.url}/countersign.v1.IdentityService/GetMe",
        ],
        capture_output=True,
        check=True,
        env={**os.environ, "NO_COLOR": "1"},
    )

    assert json.loads(answer.stdout) == {"user": {"displayName": "Ann"}}


def test_a_grpc_stream_lives_through_silence(edge: World) -> None:
    requests: Queue[signals_pb2.StreamSignalsRequest | None] = Queue()
    with edge.channel() as channel:
        answers = signals_pb2_grpc.SignalServiceStub(channel).StreamSignals(
            iter(requests.get, None), metadata=edge.authorized()
        )
        requests.put(signals_pb2.StreamSignalsRequest(sequence=1))
        first = next(answers)
        keep_silent()
        requests.put(signals_pb2.StreamSignalsRequest(sequence=2))
        second = next(answers)
        requests.put(None)

    assert (first.sequence, second.sequence) == (1, 2)


def test_a_stream_over_rest_is_a_line_of_json_for_each_message_and_lives_through_silence(
    edge: World,
) -> None:
    edge.records.released.clear()
    with edge.http.stream(
        "GET", "/api/v1/live/signals?after_sequence=5", headers=edge.signed_in()
    ) as answer:
        lines = answer.iter_lines()
        first = next(lines)
        keep_silent()
        edge.records.released.set()
        second = next(lines)

    assert [json.loads(line)["sequence"] for line in (first, second)] == ["6", "7"]


def test_live_events_resume_after_the_last_one_a_browser_saw(edge: World) -> None:
    edge.records.released.clear()
    with edge.http.stream(
        "GET", "/api/v1/live/events", headers=edge.signed_in(**{"last-event-id": "41"})
    ) as answer:
        lines = answer.iter_lines()
        first = [next(lines) for _ in range(4)]
        keep_silent()
        edge.records.released.set()
        rest = list(lines)

    assert answer.headers["content-type"] == "text/event-stream"
    assert first == ["id: 42", "event: approval.approved", "data: {}", ""]
    assert rest[:2] == ["event: end", "data: DRAINING"]


def keep_silent() -> None:
    """Let pass twice the silence after which a call that is no stream is ended."""
    Event().wait(IDLE_LIMIT * 2)


def test_no_token_is_ever_written_down(edge: World) -> None:
    token = edge.token()
    edge.http.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
    edge.http.get(f"/api/v1/me?access_token={token}", headers={"x-request-id": "the-last"})

    until(lambda: '"request_id":"the-last"' in edge.gateway.log.read_text())
    log = edge.gateway.log.read_text()
    assert token not in log
    assert "access_token" not in log
