"""Makes Envoy's configuration from the settings and the contract."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from gateway.bodies import body_check
from gateway.contract import DESCRIPTOR, Binding, Method, read_descriptor
from gateway.replies import reply_mappers
from gateway.settings import GatewaySettings, host_and_port, is_host_name

ADMIN_SOCKET = "admin.sock"
KEYS_SOCKET = "keys.sock"
BODY_CHECK = "strict_json.lua"

# For callers who have no token yet. Everything else needs one, and the server asks for the role.
PUBLIC_METHODS = frozenset(
    {
        "/countersign.v1.IdentityService/CreateSession",
        "/countersign.v1.IdentityService/EndSession",
        "/countersign.v1.IdentityService/AcceptInvitation",
        "/countersign.v1.IdentityService/GetJwks",
        "/countersign.v1.DeviceService/PairDevice",
        # Whoever has a share link's token may see what it shows.
        "/countersign.v1.AnalyticsService/GetSharedStatistics",
        "/countersign.v1.ChartService/GetSharedReport",
        "/countersign.v1.TelegramService/ReceiveTelegramUpdate",
    }
)

# The transcoder tells the server what a REST caller asked for; from outside it would be a lie.
# Envoy itself drops the other headers of its own that an outsider sends.
RESERVED_HEADERS = ("x-envoy-original-method",)

_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"
# For what is no REST call with a body that comes to an end.
_UNBUFFERED = {
    f"envoy.filters.http.{name}": {
        "@type": f"type.googleapis.com/envoy.extensions.filters.http.{name}.v3.{kind}",
        "disabled": True,
    }
    for name, kind in (("buffer", "BufferPerRoute"), ("lua", "LuaPerRoute"))
}
_FOLDER = Path(__file__).resolve().parent
_BLOCK = re.compile(r"^( *)(?:- )?\$\{(\w+)\}\n", re.MULTILINE)
_VALUE = re.compile(r"\$\{(\w+)\}")


def render(
    settings: GatewaySettings, methods: Iterable[Method], directory: Path
) -> Mapping[str, str]:
    """Return the files of a gateway that runs in `directory`; Envoy starts from "envoy.yaml"."""
    methods = tuple(methods)
    values = _values(settings, methods, directory)
    blocks = {
        "reply_mappers": reply_mappers(),
        "reserved_headers": [f"- {json.dumps({'remove': name})}" for name in RESERVED_HEADERS],
        "streaming_routes": _streaming_routes(methods),
        "device_streaming_routes": _streaming_routes(
            method for method in methods if method.service.endswith(".ExecutionService")
        ),
        "public_rules": _public_rules(methods),
        "edge_transport": _edge_transport(settings, directory),
    }
    files = {BODY_CHECK: body_check(read_descriptor(), methods)}
    if settings.tls_certificate is not None and settings.tls_private_key is not None:
        files["certificate.json"] = _certificate(settings.tls_certificate, settings.tls_private_key)
    devices: list[str] = []
    if settings.device_port is not None:
        values["certificate_source"] = _certificate_source(directory)
        values["device_validation"] = _device_validation(settings)
        values["device_port"] = settings.device_port
        devices = _fill("devices.template.yaml", values, blocks).splitlines()
    files["envoy.yaml"] = _fill(
        "envoy.template.yaml", values, blocks | {"device_listener": devices}
    )
    return files


def _values(
    settings: GatewaySettings, methods: tuple[Method, ...], directory: Path
) -> dict[str, object]:
    return {
        "admin_socket": str(directory / ADMIN_SOCKET),
        "keys_socket": str(directory / KEYS_SOCKET),
        "access_log": "/dev/stdout",
        "descriptor": str(DESCRIPTOR),
        "services": sorted({method.service for method in methods}),
        "listen_host": settings.listen_host,
        "listen_port": settings.listen_port,
        "trusted_hops": settings.trusted_hops,
        "web_origins": [{"exact": origin} for origin in settings.web_origins],
        "requests_per_second": settings.requests_per_second,
        "requests_burst": settings.requests_per_second * 2,
        "client_requests_per_second": settings.client_requests_per_second,
        "client_requests_burst": settings.client_requests_per_second * 2,
        "connections_max": settings.connections_max,
        "heap_bytes_max": settings.heap_bytes_max,
        "unbuffered": _UNBUFFERED,
        "body_check": str(directory / BODY_CHECK),
        "body_bytes_max": settings.body_bytes_max,
        "call_limit": _seconds(settings.call_limit),
        "idle_limit": _seconds(settings.idle_limit),
        "health_interval": _seconds(settings.health_interval),
        "keys_refresh": _seconds(settings.keys_refresh),
        "server_discovery": "STRICT_DNS" if is_host_name(settings.servers[0]) else "STATIC",
        "server_endpoints": [
            {"endpoint": {"address": _address(server)}} for server in settings.servers
        ],
    }


def _fill(name: str, values: Mapping[str, object], blocks: Mapping[str, list[str]]) -> str:
    """Return a template with its blocks put in where they stand, then its values as JSON."""

    def block(match: re.Match[str]) -> str:
        return "".join(f"{match[1]}{line}\n" for line in blocks[match[2]])

    text = _BLOCK.sub(block, (_FOLDER / name).read_text())
    return _VALUE.sub(lambda match: json.dumps(values[match[1]]), text)


def _streaming_routes(methods: Iterable[Method]) -> list[str]:
    unlimited = {
        "cluster": "app",
        "timeout": "0s",
        "idle_timeout": "0s",
        "max_stream_duration": {"max_stream_duration": "0s", "grpc_timeout_header_max": "0s"},
    }
    return [
        "- "
        + json.dumps(
            {
                "name": method.name,
                "match": match,
                "route": unlimited,
                "typed_per_filter_config": _UNBUFFERED,
            }
        )
        for method in methods
        if method.streams
        for match in (
            {"path": method.path},
            *(_path_match(binding) for binding in method.bindings),
        )
    ]


def _public_rules(methods: Iterable[Method]) -> list[str]:
    matches: list[dict[str, object]] = []
    for method in methods:
        if method.path not in PUBLIC_METHODS:
            continue
        matches.append({"path": method.path})
        for binding in method.bindings:
            verb = {"name": ":method", "string_match": {"exact": binding.verb}}
            matches.append({**_path_match(binding), "headers": [verb]})
    return [f"- {json.dumps({'match': match})}" for match in matches]


def _path_match(binding: Binding) -> dict[str, object]:
    if not binding.variables:
        return {"path": binding.template}
    fixed = re.split(r"\{[^}]*\}", binding.template)
    return {"safe_regex": {"regex": "[^/]+".join(re.escape(part) for part in fixed)}}


def _address(server: str) -> dict[str, object]:
    if server.startswith("unix:"):
        return {"pipe": {"path": server.removeprefix("unix:")}}
    host, port = host_and_port(server)
    return {"socket_address": {"address": host, "port_value": port}}


def _edge_transport(settings: GatewaySettings, directory: Path) -> list[str]:
    if settings.tls_certificate is None:
        # The list item has to begin with something.
        return ["- name: plain-text"]
    context = {
        "@type": f"{_TLS}.DownstreamTlsContext",
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [_certificate_source(directory)],
        },
    }
    socket = {"name": "envoy.transport_sockets.tls", "typed_config": context}
    return [f"- transport_socket: {json.dumps(socket)}"]


def _certificate_source(directory: Path) -> dict[str, object]:
    path = str(directory / "certificate.json")
    return {
        "name": "edge",
        "sds_config": {"path_config_source": {"path": path}, "resource_api_version": "V3"},
    }


def _certificate(certificate: Path, private_key: Path) -> str:
    """Return a secret that names the files; a rename in their folder makes Envoy read them anew."""
    secret = {
        "@type": f"{_TLS}.Secret",
        "name": "edge",
        "tls_certificate": {
            "certificate_chain": {"filename": str(certificate)},
            "private_key": {"filename": str(private_key)},
            "watched_directory": {"path": str(certificate.parent)},
        },
    }
    return json.dumps({"resources": [secret]}, indent=2) + "\n"


def _device_validation(settings: GatewaySettings) -> dict[str, object]:
    validation: dict[str, object] = {
        "trusted_ca": {"filename": str(settings.device_authority)},
        "match_typed_subject_alt_names": [
            {"san_type": "URI", "matcher": {"prefix": "spiffe://countersign/device/"}}
        ],
    }
    if settings.device_revocations is not None:
        validation["crl"] = {"filename": str(settings.device_revocations)}
    return validation


def _seconds(duration: timedelta) -> str:
    return f"{duration / timedelta(seconds=1):.3f}s"
