"""Which tokens the gateway lets through, and where it has the keys from."""

import base64
import json
import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import grpc
import httpx2
import jwt
import pytest

from gateway.run import running
from tests.fixtures.gateway_world import (
    Records,
    SigningKey,
    World,
    serving,
    settings_for,
    until,
    world,
)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    refresh = timedelta(seconds=0.2)
    with world(tmp_path_factory.mktemp("tokens"), keys_refresh=refresh) as made:
        yield made


def status_with(edge: World, token: str) -> int:
    return edge.http.get("/api/v1/me", headers={"authorization": f"Bearer {token}"}).status_code


def test_a_right_token_is_let_through(edge: World) -> None:
    assert status_with(edge, edge.token()) == 200


def test_the_token_goes_on_to_the_server(edge: World) -> None:
    token = edge.token()

    assert status_with(edge, token) == 200
    assert edge.records.last("GetMe").metadata["authorization"] == f"Bearer {token}"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": time.time() - 60},
        {"exp": None},
        {"exp": time.time() + 2 * 3600},
        {"nbf": time.time() + 3600},
        {"iss": "someone-else"},
        {"iss": None},
    ],
    ids=["expired", "never expires", "lives too long", "not yet", "other issuer", "no issuer"],
)
def test_a_token_with_a_wrong_claim_is_refused(edge: World, claims: dict[str, object]) -> None:
    assert status_with(edge, edge.token(**claims)) == 401


@pytest.mark.parametrize("audience", ["another-api", ["a", "b"], None], ids=str)
def test_a_token_for_another_audience_is_refused(edge: World, audience: object) -> None:
    assert status_with(edge, edge.token(aud=audience)) == 401


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def right_claims() -> dict[str, object]:
    return {"iss": "countersign", "aud": "countersign-api", "sub": "a", "exp": time.time() + 60}


def test_a_token_without_a_signature_is_refused(edge: World) -> None:
    for algorithm in ("none", "None", "EdDSA"):
        unsigned = f"{part({'alg': algorithm, 'kid': 'first'})}.{part(right_claims())}."
        assert status_with(edge, unsigned) == 401


def test_the_public_key_is_no_secret_to_sign_with(edge: World) -> None:
    public = edge.records.keys[0].private.public_key().public_bytes_raw()
    forged = jwt.encode(right_claims(), public, "HS256", headers={"kid": "first"})

    assert status_with(edge, forged) == 401


def test_a_key_that_the_server_does_not_publish_signs_nothing(edge: World) -> None:
    assert status_with(edge, SigningKey("first").token()) == 401
    assert status_with(edge, SigningKey("unknown").token()) == 401


def test_a_changed_token_is_refused(edge: World) -> None:
    header, claims, signature = edge.token().split(".")
    changed = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": "bob"}

    assert status_with(edge, f"{header}.{part(changed)}.{signature}") == 401


def test_a_token_in_the_query_is_no_token(edge: World) -> None:
    assert edge.http.get("/api/v1/me", params={"access_token": edge.token()}).status_code == 401


def test_a_new_key_counts_without_a_restart_and_a_retired_one_no_longer(edge: World) -> None:
    old, new = edge.records.keys[-1], SigningKey("new")

    edge.records.keys[:] = [old, new]
    until(lambda: status_with(edge, new.token()) == 200)
    assert status_with(edge, old.token()) == 200

    edge.records.keys[:] = [new]
    until(lambda: status_with(edge, old.token()) == 401)
    assert status_with(edge, new.token()) == 200


def test_keys_are_asked_for_without_a_token(edge: World) -> None:
    assert "authorization" not in edge.records.last("GetJwks").metadata


def test_an_outage_of_the_server_is_not_called_a_wrong_token(tmp_path: Path) -> None:
    """Clients throw a token away when it is called wrong."""
    records = Records()
    token = records.keys[0].token()
    headers = {"authorization": f"Bearer {token}"}
    with serving(records) as address:
        pass
    settings = settings_for(address, keys_refresh=timedelta(seconds=0.2))
    with running(settings, tmp_path) as gateway, httpx2.Client(base_url=gateway.url) as http:
        before = http.get("/api/v1/me", headers=headers)
        with (
            grpc.insecure_channel(gateway.address) as channel,
            pytest.raises(grpc.RpcError) as over_grpc,
        ):
            channel.unary_unary("/countersign.v1.IdentityService/GetMe")(
                b"", metadata=(("authorization", f"Bearer {token}"),)
            )
        with serving(records, address):
            gateway.wait_for_server()
            until(lambda: http.get("/api/v1/me", headers=headers).status_code == 200)
        until(lambda: http.get("/healthz").status_code == 503)
        after = http.get("/api/v1/me", headers=headers)

    assert (before.status_code, before.json()["code"]) == (503, 14)
    assert over_grpc.value.code() is grpc.StatusCode.UNAVAILABLE
    assert (after.status_code, after.json()["details"][0]["reason"]) == (503, "SERVER_UNAVAILABLE")
