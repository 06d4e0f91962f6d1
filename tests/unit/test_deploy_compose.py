"""The compose file and what it refers to fit together, and with the settings of what it starts."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from countersign_server.settings import Settings
from gateway.settings import GatewaySettings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text()
EXAMPLE = (DEPLOY / ".env.example").read_text()
VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")
# Of a service, to its database: no setting of the server's own.
NOT_SETTINGS = {"COUNTERSIGN_DATABASE_PASSWORD"}
OURS = ["migrate", "server", "gateway"]


def example_values() -> dict[str, str]:
    lines = [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def filled_in(text: str) -> str:
    """Return the text with each variable's value from the example, or else its default."""

    def value(match: re.Match[str]) -> str:
        given = example_values().get(match[1], "")
        return given or (match[3] if match[2] == ":-" else "x" * 8)

    return VARIABLE.sub(value, text)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(filled_in(COMPOSE))["services"]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(filled_in(COMPOSE))


def test_every_variable_is_in_the_example() -> None:
    used = {match[1] for match in VARIABLE.finditer(COMPOSE)}

    assert used == set(example_values())


def test_a_secret_is_required_and_the_example_holds_none() -> None:
    required = {match[1] for match in VARIABLE.finditer(COMPOSE) if match[2] == ":?"}

    assert required == {
        "POSTGRES_PASSWORD",
        "COUNTERSIGN_DATABASE_PASSWORD",
        "COUNTERSIGN_SEALING_KEY",
    }
    assert {example_values()[name] for name in required} == {""}


def test_whatever_a_service_waits_for_exists(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            assert name in services
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in services[name] or name in OURS


def test_every_volume_and_network_is_declared_and_used(compose: dict[str, Any]) -> None:
    mounts = [v for s in compose["services"].values() for v in s.get("volumes", [])]
    named = {source for source, *_ in (v.split(":") for v in mounts) if source[0] not in "./"}
    networks = {n for s in compose["services"].values() for n in s["networks"]}

    assert named == set(compose["volumes"])
    assert networks == set(compose["networks"])


def test_every_file_that_is_mounted_exists(services: dict[str, Any]) -> None:
    mounts = [v.split(":")[0] for s in services.values() for v in s.get("volumes", [])]

    assert [m for m in mounts if m.startswith(".") and not (DEPLOY / m).exists()] == []


def test_every_setting_is_one_that_the_server_knows(services: dict[str, Any]) -> None:
    fields = {f"COUNTERSIGN_{name.upper()}" for name in Settings.model_fields}

    assert set(services["server"]["environment"]) - NOT_SETTINGS <= fields


def test_every_setting_is_one_that_the_gateway_knows(services: dict[str, Any]) -> None:
    fields = {f"COUNTERSIGN_GATEWAY_{name.upper()}" for name in GatewaySettings.model_fields}

    assert set(services["gateway"]["environment"]) <= fields


def test_both_accept_the_settings(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("server", "gateway"):
        for variable, value in services[name]["environment"].items():
            monkeypatch.setenv(variable, value)

    server, gateway = Settings.from_environment(), GatewaySettings()

    assert server.environment == "production"
    assert gateway.servers == (server.listen,)
    assert gateway.tls_certificate is None


def test_the_server_trusts_the_address_that_the_gateway_forwards(services: dict[str, Any]) -> None:
    listen = services["server"]["environment"]["COUNTERSIGN_LISTEN"]

    assert listen.startswith("unix:")
    assert "unix" in Settings().trusted_proxies


def test_gateway_and_server_share_the_sockets_folder(services: dict[str, Any]) -> None:
    folder = str(Path(services["server"]["environment"]["COUNTERSIGN_LISTEN"][5:]).parent)

    for name in ("server", "gateway"):
        assert f"socket:{folder}" in services[name]["volumes"]


def test_the_gateway_publishes_the_port_it_listens_on(services: dict[str, Any]) -> None:
    port = services["gateway"]["environment"]["COUNTERSIGN_GATEWAY_LISTEN_PORT"]

    assert services["gateway"]["ports"][0].endswith(f":{port}")


def test_nothing_but_the_gateway_is_published_beyond_this_machine(services: dict[str, Any]) -> None:
    published = {name: s["ports"] for name, s in services.items() if "ports" in s}

    assert set(published) == {"gateway", "prometheus"}
    assert published["prometheus"] == ["127.0.0.1:9090:9090"]
    assert published["gateway"] == ["127.0.0.1:8080:8080"]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_change_nothing_but_what_they_must(
    services: dict[str, Any], name: str
) -> None:
    service = services[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")


def test_the_database_cannot_be_reached_from_outside(compose: dict[str, Any]) -> None:
    assert compose["services"]["postgres"]["networks"] == ["inside"]
    assert compose["networks"]["inside"]["internal"] is True


def test_a_server_has_time_to_take_leave(services: dict[str, Any]) -> None:
    settings = Settings()
    needed = settings.drain_wait + 2 * settings.shutdown_grace

    assert int(services["server"]["stop_grace_period"].removesuffix("s")) > needed.total_seconds()


def test_the_gateway_notices_a_leaving_server_before_it_leaves() -> None:
    noticed = GatewaySettings().health_interval * 2

    assert noticed < Settings().drain_wait


def test_prometheus_asks_where_the_server_answers(services: dict[str, Any]) -> None:
    scraped = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())["scrape_configs"][0]
    port = services["server"]["environment"]["COUNTERSIGN_METRICS_LISTEN"].rpartition(":")[2]

    assert scraped["static_configs"][0]["targets"] == [f"server:{port}"]


def test_the_databases_role_is_bound_by_row_level_security() -> None:
    script = (DEPLOY / "postgres/create_role.sh").read_text()

    assert "NOSUPERUSER" in script
    assert "NOBYPASSRLS" in script
    assert (DEPLOY / "postgres/create_role.sh").stat().st_mode & 0o111
