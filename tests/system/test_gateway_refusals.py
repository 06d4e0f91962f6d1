"""What the gateway refuses by itself, and that the refusal is the same error in every form."""

import base64
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import grpc
import httpx2
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from gateway.bodies import RAW_BODY
from gateway.run import running
from tests.fixtures.gateway_world import METHODS, Records, World, serving, settings_for, world

GET_ME = "/countersign.v1.IdentityService/GetMe"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    with world(tmp_path_factory.mktemp("refusals")) as made:
        yield made


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller is told: the code to branch on, the reason to match, the words to read."""

    code: int
    reason: str
    message: str


def over_rest(answer: httpx2.Response) -> Told:
    body = answer.json()
    return Told(body["code"], body["details"][0]["reason"], body["message"])


def over_grpc(address: str, method: str, metadata: tuple[tuple[str, str], ...]) -> Told:
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as refusal:
        channel.unary_unary(method)(b"", metadata=metadata)
    return _told(cast("Any", rpc_status).from_call(refusal.value))


def over_grpc_web(edge: World, method: str, headers: dict[str, str], kind: str = "") -> Told:
    headers = headers | {"content-type": f"application/grpc-web{kind}+proto"}
    answer = edge.http.post(method, content=b"\0\0\0\0\0", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"application/grpc-web{kind}+proto"
    frame = base64.b64decode(answer.content) if kind else answer.content
    assert (frame[0], int.from_bytes(frame[1:5])) == (0x80, len(frame) - 5)
    lines = frame[5:].decode().splitlines()
    trailers = dict(cast("tuple[str, str]", line.split(":", 1)) for line in lines)
    packed = trailers["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(base64.b64decode(packed + "=="))
    assert trailers["grpc-status"] == str(status.code)
    return _told(status)


def _told(status: Any) -> Told:  # google.rpc.Status, as grpc_status hands it out
    assert status is not None, "the refusal carries no details"
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "countersign"
    return Told(status.code, info.reason, status.message)


TOKENS: list[tuple[dict[str, object] | None, str, str]] = [
    (None, "UNAUTHENTICATED", "an access token is needed: 'authorization: Bearer <token>'"),
    ({"exp": 1_000_000_000}, "TOKEN_EXPIRED", "the access token has expired"),
    (
        {"aud": "another"},
        "TOKEN_INVALID",
        "the access token is not one of this server's, or not valid now",
    ),
    (
        {"exp": None},
        "TOKEN_INVALID",
        "the access token is not one of this server's, or not valid now",
    ),
]


@pytest.mark.parametrize(
    ("claims", "reason", "message"), TOKENS, ids=["none", "expired", "of another", "endless"]
)
def test_a_token_is_refused_alike_over_rest_grpc_and_grpc_web(
    edge: World, claims: dict[str, object] | None, reason: str, message: str
) -> None:
    headers = (
        {"authorization": f"Bearer {edge.token(**(claims or {}))}"} if claims is not None else {}
    )

    answer = edge.http.get("/api/v1/me", headers=headers)

    told = Told(16, reason, message)
    assert (answer.status_code, over_rest(answer)) == (401, told)
    assert over_grpc(edge.gateway.address, GET_ME, tuple(headers.items())) == told
    assert over_grpc_web(edge, GET_ME, headers) == told
    assert over_grpc_web(edge, GET_ME, headers, "-text") == told


def test_an_outage_is_refused_alike_in_every_form(tmp_path: Path) -> None:
    records = Records()
    with serving(records) as address:
        pass
    public = "/countersign.v1.IdentityService/CreateSession"
    with (
        running(settings_for(address), tmp_path) as gateway,
        httpx2.Client(base_url=gateway.url) as http,
    ):
        answer = http.post("/api/v1/sessions", content="{}")
        grpc_told = over_grpc(gateway.address, public, ())

    told = Told(14, "SERVER_UNAVAILABLE", "no server answers at the moment")
    assert (answer.status_code, over_rest(answer)) == (503, told)
    assert grpc_told == told


def test_who_asks_too_often_is_told_so_in_every_form(tmp_path: Path) -> None:
    with world(tmp_path, client_requests_per_second=1) as edge:
        answers = [edge.http.get("/healthz-not", headers=edge.signed_in()) for _ in range(8)]
        grpc_told = over_grpc(edge.gateway.address, GET_ME, edge.authorized())
        web_told = over_grpc_web(edge, GET_ME, edge.signed_in())

    told = Told(8, "RATE_LIMITED", "too many requests come from this address")
    assert (answers[-1].status_code, over_rest(answers[-1])) == (429, told)
    assert grpc_told == told
    assert web_told == told


def test_a_method_that_is_not_there_is_unimplemented_to_grpc(edge: World) -> None:
    told = over_grpc(edge.gateway.address, "/countersign.v9.Nothing/Is", edge.authorized())

    assert (told.code, told.reason) == (12, "PATH_UNKNOWN")


LIMITS = "/api/v1/accounts/a1?update_mask=limits.max_volume"
REFUSED_BODIES = [
    ("PATCH", LIMITS, '{"limits": {"max_volum": "1"}}', "UNKNOWN_FIELD", "limits.max_volum"),
    ("PATCH", LIMITS, '{"limit": {"max_volume": "1"}}', "UNKNOWN_FIELD", "limit"),
    ("PATCH", LIMITS.replace("?", "/?"), '{"limit": {}}', "UNKNOWN_FIELD", "limit"),
    ("PATCH", LIMITS, '{"limits": {"max_volume": "1", "maxVolume": "2"}}', "", "limits.maxVolume"),
    ("PATCH", LIMITS, '{"n\\u0061me": "x"}', "UNKNOWN_FIELD", "n?u0061me"),
    ("PATCH", LIMITS, '{"name": "x"} {"broker": "y"}', "", ""),
    ("PATCH", LIMITS, "{'name': 'x'}", "", ""),
    ("PATCH", LIMITS, '{name: "x"}', "", ""),
    ("PATCH", LIMITS, '{"name": "x",}', "", ""),
    ("PATCH", LIMITS, '{"name" "x"}', "", "name"),
    ("PATCH", LIMITS, '{"name": {"first": "x"}}', "", "name"),
    ("PATCH", LIMITS, '{"name": x}', "", "name"),
    ("PATCH", LIMITS, '{"name": "x\ty"}', "", "name"),
    ("PATCH", LIMITS, '{"name": "x', "", "name"),
    ("PATCH", LIMITS, '{"limits": [', "", "limits"),
    ("PATCH", LIMITS, '["name"]', "", ""),
    ("PATCH", LIMITS, '{"name": ' + "[" * 100 + "]" * 100 + "}", "", "name"),
    ("POST", "/api/v1/accounts", '{"nam": "Main"}', "UNKNOWN_FIELD", "nam"),
    ("POST", "/api/v1/signals:batch", '{"signals": [{}, {"nonc": "x"}]}', "UNKNOWN_FIELD", ""),
    ("POST", "/api/v1/devices/d1:rotateKey", '{"request": "x"}', "UNKNOWN_FIELD", "request"),
]


@pytest.mark.parametrize(("verb", "path", "body", "reason", "field"), REFUSED_BODIES)
def test_a_body_that_the_contract_does_not_know_never_arrives(  # noqa: PLR0913, PLR0917  # a table's columns
    edge: World, verb: str, path: str, body: str, reason: str, field: str
) -> None:
    calls = len(edge.records.calls)

    answer = edge.http.request(verb, path, content=body, headers=edge.signed_in())

    info = answer.json()["details"][0]
    assert (answer.status_code, info["reason"]) == (400, reason or "REQUEST_MALFORMED")
    if field:
        assert (info["metadata"]["field"], field in answer.json()["message"]) == (field, True)
    arrived = [call.path for call in edge.records.calls[calls:]]
    assert not [path for path in arrived if not path.endswith("GetJwks")]


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "x"}',
        ' \n{ "name" : "x\\"y\\\\" , "limits" : { "maxVolume" : "1" , "max_open_positions": 3 } }',
        '{"fingerprint": null, "demo": true, "limits": {}}',
        '{"name": "Zo\u00eb, {\\"a\\": 1}"}',
    ],
)
def test_a_body_of_the_contract_arrives_however_it_is_written(edge: World, body: str) -> None:
    answer = edge.http.post("/api/v1/accounts", content=body, headers=edge.signed_in())

    assert answer.is_success


def test_every_body_is_checked_for_fields_that_nobody_knows(edge: World) -> None:
    """Whichever method a body goes to: it must not slip past the check by its path."""
    # What is taken as it comes has no fields.
    for method in [each for each in METHODS if each.request_type != RAW_BODY]:
        for binding in method.bindings:
            path = binding.template
            for variable in binding.variables:
                path = path.replace(f"{{{variable}}}", "x1")
            content = '{"no_such_field": 1}' if binding.body else None
            if content is None:
                continue
            answer = edge.http.request(
                binding.verb, path, content=content, headers=edge.signed_in()
            )
            assert over_rest(answer).reason == "UNKNOWN_FIELD", (binding.verb, path)
