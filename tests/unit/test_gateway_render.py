"""What the gateway's configuration says, before any Envoy reads it."""

# settings and changes of many types

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from gateway.contract import Binding, Method, read_descriptor, read_methods
from gateway.render import PUBLIC_METHODS, render
from gateway.settings import GatewaySettings

METHODS = read_methods(read_descriptor())
FOLDER = Path("/run/gateway")
FULL = {
    "tls_certificate": "/c/edge.pem",
    "tls_private_key": "/c/edge.key",
    "device_port": 8443,
    "device_authority": "/c/ca.pem",
    "device_revocations": "/c/crl.pem",
}


def configuration(methods: tuple[Method, ...] = METHODS, **settings: Any) -> dict[str, Any]:
    return yaml.safe_load(render(GatewaySettings(**settings), methods, FOLDER)["envoy.yaml"])


def listener(name: str, **settings: Any) -> dict[str, Any]:
    listeners = configuration(**settings)["static_resources"]["listeners"]
    return next(each for each in listeners if each["name"] == name)


def manager(name: str, **settings: Any) -> dict[str, Any]:
    return listener(name, **settings)["filter_chains"][0]["filters"][0]["typed_config"]


def routes(name: str, **settings: Any) -> list[dict[str, Any]]:
    return manager(name, **settings)["route_config"]["virtual_hosts"][0]["routes"]


def filter_named(end: str) -> dict[str, Any]:
    filters = manager("edge")["http_filters"]
    return next(each for each in filters if each["name"].endswith(end))["typed_config"]


def cluster(**settings: Any) -> dict[str, Any]:
    return configuration(**settings)["static_resources"]["clusters"][0]


def test_every_stream_of_the_contract_has_routes_without_a_clock() -> None:
    unlimited = {
        route["match"]["path"]
        for route in routes("edge")
        if route.get("route", {}).get("idle_timeout") == "0s"
        and route["route"]["max_stream_duration"]["max_stream_duration"] == "0s"
        and route["route"]["timeout"] == "0s"
    }

    assert unlimited == {
        "/countersign.v1.SignalService/StreamSignals",
        "/countersign.v1.SignalService/WatchSignals",
        "/countersign.v1.ExecutionService/Channel",
        "/countersign.v1.AuditService/ExportAudit",
        "/countersign.v1.AuditService/ExportEvidence",
        "/countersign.v1.AuditService/FollowEvents",
        "/countersign.v1.ReconciliationService/FollowPositions",
        "/countersign.v1.GuardService/FollowGuards",
        "/api/v1/live/signals",
        "/api/v1/live/events",
        "/api/v1/live/positions",
        "/api/v1/live/guards",
        "/api/v1/audit:export",
        "/api/v1/audit:exportEvidence",
    }


def a_method(**changes: Any) -> Method:
    given: dict[str, Any] = {
        "service": "countersign.v1.ChartService",
        "name": "FollowChart",
        "request_type": "countersign.v1.FollowChartRequest",
        "response_type": "google.api.HttpBody",
        "streams_in": False,
        "streams_out": True,
        "bindings": (Binding("GET", "/api/v1/live/charts/{chart_id}", ""),),
    }
    return Method(**given | changes)


def test_a_new_stream_gets_its_routes_by_being_in_the_contract() -> None:
    made = configuration((*METHODS, a_method()))
    text = str(made)

    assert "/countersign.v1.ChartService/FollowChart" in text
    assert "/api/v1/live/charts/[^/]+" in text


def test_a_new_service_is_transcoded_by_being_in_the_contract() -> None:
    made = configuration((*METHODS, a_method()))

    assert (
        str(made).count("'countersign.v1.ChartService'") == 2
    )  # at the edge and where keys are fetched


def test_streams_are_matched_before_the_calls_that_have_a_limit() -> None:
    names = [route["name"] for route in routes("edge")]

    assert names[-3:] == ["unary-grpc", "unary-rest", "unknown"]


def test_only_the_contract_is_routed() -> None:
    destinations = [route["match"] for route in routes("edge") if "route" in route]

    assert all(
        (match.get("path") or match["prefix"]).startswith(("/countersign.v1.", "/api/v1/"))
        for match in destinations
    )


def test_the_public_methods_exist() -> None:
    assert {method.path for method in METHODS} >= PUBLIC_METHODS


def test_what_needs_no_token_is_this_and_nothing_else() -> None:
    def public() -> Iterator[tuple[str, str]]:
        for rule in filter_named("jwt_authn")["rules"]:
            if "requires" not in rule:
                verbs = rule["match"].get("headers", [{"string_match": {"exact": ""}}])
                path = rule["match"].get("path") or rule["match"]["safe_regex"]["regex"]
                yield verbs[0]["string_match"]["exact"], path

    assert set(public()) == {
        ("POST", "/api/v1/sessions"),
        ("POST", "/api/v1/sessions:end"),
        ("POST", "/api/v1/invitations:accept"),
        ("POST", "/api/v1/devices:pair"),
        ("POST", "/api/v1/telegram/webhook"),
        ("GET", "/api/v1/jwks.json"),
        ("GET", "/api/v1/shared/[^/]+"),
        ("GET", "/api/v1/shared/[^/]+/report"),
        ("", "/countersign.v1.ChartService/GetSharedReport"),
        ("", "/countersign.v1.AnalyticsService/GetSharedStatistics"),
        ("", "/countersign.v1.IdentityService/CreateSession"),
        ("", "/countersign.v1.IdentityService/EndSession"),
        ("", "/countersign.v1.IdentityService/AcceptInvitation"),
        ("", "/countersign.v1.IdentityService/GetJwks"),
        ("", "/countersign.v1.DeviceService/PairDevice"),
        ("", "/countersign.v1.TelegramService/ReceiveTelegramUpdate"),
    }


def test_the_last_rule_asks_everybody_for_a_token() -> None:
    assert filter_named("jwt_authn")["rules"][-1] == {
        "match": {"prefix": "/"},
        "requires": {"provider_name": "countersign"},
    }


def test_a_caller_is_limited_and_checked_before_anything_is_parsed() -> None:
    order = [each["name"].rpartition(".")[2] for each in manager("edge")["http_filters"]]

    assert order == [
        "health_check",
        "cors",
        "local_ratelimit",
        "jwt_authn",
        "buffer",
        "lua",
        "not-modified",
        "grpc_web",
        "grpc_json_transcoder",
        "grpc_stats",
        "router",
    ]


def test_a_call_that_is_no_stream_has_the_limit_that_was_set() -> None:
    limits = {
        route["name"]: route["route"]["max_stream_duration"]["max_stream_duration"]
        for route in routes("edge", call_limit="PT7S")
        if route["name"].startswith("unary")
    }

    assert limits == {"unary-grpc": "7.000s", "unary-rest": "7.000s"}


def test_the_breaker_lets_every_bridge_hold_its_stream() -> None:
    breaker = cluster(connections_max=5000)["circuit_breakers"]["thresholds"][0]

    assert breaker["max_requests"] >= 5000


def test_the_access_log_holds_nothing_that_could_be_a_secret() -> None:
    log = manager("edge")["access_log"][0]["typed_config"]["log_format"]["json_format"]
    written = " ".join(log.values())

    assert "%REQ(X-REQUEST-ID)%" in written
    assert not {"AUTHORIZATION", "COOKIE", "%REQ(:PATH)%", "QUERY"} & set(written.split())


def test_the_admin_interface_is_no_port() -> None:
    assert configuration()["admin"]["address"] == {
        "pipe": {"path": "/run/gateway/admin.sock", "mode": 0o600}
    }


@pytest.mark.parametrize(
    ("servers", "discovery", "address"),
    [
        ("10.0.0.7:51", "STATIC", {"socket_address": {"address": "10.0.0.7", "port_value": 51}}),
        ("[::1]:50051", "STATIC", {"socket_address": {"address": "::1", "port_value": 50051}}),
        ("server:1", "STRICT_DNS", {"socket_address": {"address": "server", "port_value": 1}}),
        ("unix:/run/cs/0.sock", "STATIC", {"pipe": {"path": "/run/cs/0.sock"}}),
    ],
)
def test_a_server_may_be_a_name_an_address_or_a_socket(
    servers: str, discovery: str, address: dict[str, object]
) -> None:
    made = cluster(servers=servers)

    assert made["type"] == discovery
    assert made["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"] == {
        "address": address
    }


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"servers": ""}, "name at least one server"),
        ({"servers": "localhost"}, "is not an address"),
        ({"servers": "host:0"}, "port must be 1 to 65535"),
        ({"servers": "host:99999"}, "port must be 1 to 65535"),
        ({"servers": "unix:relative"}, "write the whole path"),
        ({"servers": "10.0.0.1:1,server:1"}, "addresses of one kind"),
        ({"servers": "10.0.0.1:1,unix:/s"}, "addresses of one kind"),
        ({"web_origins": "*"}, "is not an origin"),
        ({"web_origins": "https://app.example/path"}, "is not an origin"),
        ({"tls_certificate": "/c"}, "set both or neither"),
        ({"device_port": 1}, "device_port needs"),
        ({"keys_refresh": "PT1M"}, "less than or equal to 5 seconds"),
        ({"call_limit": "PT0S"}, "greater than"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_with_what_to_do(
    settings: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        GatewaySettings(**settings)  # pyright: ignore[reportArgumentType]  # as the environment gives it


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_GATEWAY_SERVERS", "a:1, b:2")
    monkeypatch.setenv(
        "COUNTERSIGN_GATEWAY_WEB_ORIGINS", "https://a.example,https://b.example:8443"
    )

    settings = GatewaySettings()

    assert settings.servers == ("a:1", "b:2")
    assert settings.web_origins == ("https://a.example", "https://b.example:8443")


def test_bridges_have_a_listener_of_their_own_only_where_it_is_asked_for() -> None:
    names = [each["name"] for each in configuration()["static_resources"]["listeners"]]

    assert names == ["edge", "keys"]
    assert listener("devices", **FULL)["address"]["socket_address"]["port_value"] == 8443


def test_a_bridges_listener_takes_execution_and_sign_in_only() -> None:
    def target(match: dict[str, str]) -> str:
        return match.get("path") or match["prefix"]

    reached = {target(each["match"]) for each in routes("devices", **FULL) if "route" in each}

    assert reached == {
        "/countersign.v1.ExecutionService/Channel",
        "/countersign.v1.ExecutionService/",
        "/countersign.v1.IdentityService/CreateSession",
    }


def test_a_value_cannot_break_out_of_its_place() -> None:
    path = '/c/a", "x": "b\n- evil: true'

    files = render(GatewaySettings(tls_certificate=path, tls_private_key="/k"), METHODS, FOLDER)  # pyright: ignore[reportArgumentType]  # as the environment gives it

    secret = yaml.safe_load(files["certificate.json"])["resources"][0]
    assert secret["tls_certificate"]["certificate_chain"]["filename"] == path
