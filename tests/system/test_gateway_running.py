"""How a gateway starts, fails, chooses a server, refuses floods and ends."""

import datetime as dt
import os
import signal
import socket
import ssl
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import grpc
import httpx2
import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2

from gateway.run import GatewayFailed, running
from tests.fixtures.gateway_world import Records, serving, settings_for, until, world
from tests.fixtures.programs import a_free_port

PROJECT = Path(__file__).resolve().parents[2]
ME = "/countersign.v1.IdentityService/GetMe"


def test_a_flood_is_refused_with_advice_and_health_still_answers(tmp_path: Path) -> None:
    with world(tmp_path, client_requests_per_second=5) as edge:
        answers = [edge.http.get("/api/v1/me", headers=edge.signed_in()) for _ in range(30)]
        refused = [answer for answer in answers if answer.status_code == 429]
        with edge.channel() as channel, pytest.raises(grpc.RpcError) as over_grpc:
            [channel.unary_unary(ME)(b"", metadata=edge.authorized()) for _ in range(5)]
        health = edge.http.get("/healthz")

    assert 10 <= len(refused) <= 20
    assert refused[0].json()["code"] == 8
    assert refused[0].json()["details"][0]["reason"] == "RATE_LIMITED"
    assert refused[0].headers["retry-after"] == "1"
    assert over_grpc.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert health.status_code == 200


def test_calls_go_to_whichever_server_lives(tmp_path: Path) -> None:
    first, second = Records(), Records()
    second.keys = first.keys
    headers = {"authorization": f"Bearer {first.keys[0].token()}"}
    sockets = [f"unix:{tmp_path}/0", f"unix:{tmp_path}/1"]
    with (
        serving(second, sockets[1]),
        running(settings_for(*sockets), tmp_path / "g") as gateway,
        httpx2.Client(base_url=gateway.url) as http,
    ):
        gateway.wait_for_server()
        with serving(first, sockets[0]):
            until(lambda: http.get("/api/v1/me", headers=headers).is_success and _asked(first))
        answers = [http.get("/api/v1/me", headers=headers) for _ in range(20)]

    assert [answer.status_code for answer in answers] == [200] * 20
    assert _asked(second)


def _asked(records: Records) -> bool:
    return any(call.path == ME for call in records.calls)


def test_health_follows_the_servers(tmp_path: Path) -> None:
    records = Records()
    with serving(records) as address:
        pass
    with (
        running(settings_for(address), tmp_path) as gateway,
        httpx2.Client(base_url=gateway.url) as http,
    ):
        assert http.get("/healthz").status_code == 503
        with serving(records, address):
            until(lambda: http.get("/healthz").status_code == 200)
        until(lambda: http.get("/healthz").status_code == 503)


def test_a_server_that_takes_leave_gets_no_new_calls_even_if_it_is_the_only_one(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as edge:
        edge.records.health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        until(lambda: edge.http.get("/healthz").status_code == 503)
        before = len(edge.records.calls)
        answer = edge.http.get("/api/v1/me", headers=edge.signed_in())

    calls = [call.path for call in edge.records.calls[before:]]
    assert (answer.status_code, ME in calls) == (503, False)


def test_a_second_gateway_on_the_same_port_is_refused(tmp_path: Path) -> None:
    with running(settings_for("127.0.0.1:1"), tmp_path / "first") as first:
        port = int(first.address.rpartition(":")[2])
        with (
            pytest.raises(GatewayFailed, match="in use"),
            running(settings_for("127.0.0.1:1", listen_port=port), tmp_path / "second"),
        ):
            pass


def test_a_taken_port_stops_the_start_with_its_name(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = settings_for("127.0.0.1:1").model_copy(update={"listen_port": port})

        with (
            pytest.raises(GatewayFailed, match=f"127.0.0.1:{port}.*in use"),
            running(settings, tmp_path),
        ):
            pass


def test_a_certificate_that_is_not_there_stops_the_start_with_its_name(tmp_path: Path) -> None:
    settings = settings_for("127.0.0.1:1", tls_certificate=tmp_path / "c", tls_private_key="/k")

    with pytest.raises(GatewayFailed, match=f"{tmp_path}/c"), running(settings, tmp_path / "run"):
        pass


def test_a_folder_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(GatewayFailed, match="too long"),
        running(settings_for("127.0.0.1:1"), tmp_path / ("x" * 100)),
    ):
        pass


def test_the_command_line_names_a_wrong_setting(tmp_path: Path) -> None:
    for name, value, complaint in (
        ("SERVERS", "localhost", "servers: Value error, 'localhost' is not an address"),
        ("LISTEN_PORT", "70000", "listen_port: Input should be less than or equal to 65535"),
        ("WEB_ORIGINS", "*", "web_origins: Value error, '*' is not an origin"),
    ):
        answer = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "gateway.run", "--check", "--directory", tmp_path],
            env={**os.environ, f"COUNTERSIGN_GATEWAY_{name}": value},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 1
        assert complaint in answer.stderr


def test_the_process_becomes_envoy(tmp_path: Path) -> None:
    """So that a container's signals reach it."""
    port = a_free_port()
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "gateway.run", "--directory", tmp_path],
        env={**os.environ, "COUNTERSIGN_GATEWAY_LISTEN_PORT": str(port)},
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: psutil.Process(process.pid).name() == "envoy")
        until(lambda: is_open(port))
    finally:
        process.terminate()
    assert process.wait(10) == 0


OWNER = """
import sys
from pathlib import Path

from gateway.run import running
from gateway.settings import GatewaySettings

with running(GatewaySettings(listen_port=0), Path(sys.argv[1])) as gateway:
    print(gateway.process.pid, flush=True)
    sys.stdin.read()
"""


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_gateway_ends_with_a_killed_owner(tmp_path: Path) -> None:
    owner = subprocess.Popen(  # noqa: S603  # our own program
        [
            sys.executable,
            "-c",
            OWNER,
            tmp_path,
        ],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with owner:
        assert owner.stdout is not None
        gateway = psutil.Process(int(owner.stdout.readline()))
        owner.send_signal(signal.SIGKILL)

        until(lambda: not gateway.is_running() or gateway.status() == psutil.STATUS_ZOMBIE)


class Authority:
    """Signs certificates for the gateway and its devices."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.certificate = self._sign(self.name, self.key, x509.BasicConstraints(True, 0))  # noqa: FBT003  # x509's form
        (folder / "ca.pem").write_bytes(_pem(self.certificate))

    def issue(self, name: str, *alternatives: x509.GeneralName) -> tuple[Path, Path]:
        """Return the files of a new certificate and its key, in place of those of its name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key, x509.SubjectAlternativeName(alternatives))
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        files = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        for path, content in zip(files, (private, _pem(certificate)), strict=True):
            new = self.folder / f"{path.name}.new"
            new.write_bytes(content)
            new.replace(path)
        return files[1], files[0]

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(extension, critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def serial_at(address: str) -> int:
    host, _, port = address.rpartition(":")
    pem = ssl.get_server_certificate((host, int(port)))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def test_bridges_with_a_certificate_and_browsers_with_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("edge", x509.IPAddress(ip_address("127.0.0.1")))
    device = authority.issue(
        "device", x509.UniformResourceIdentifier("spiffe://countersign/device/7")
    )
    stranger = authority.issue("stranger", x509.UniformResourceIdentifier("spiffe://else/7"))
    trust = (tmp_path / "ca.pem").read_bytes()
    records = Records()
    token = records.keys[0].token()
    with (
        serving(records) as server,
        running(
            settings_for(
                server,
                tls_certificate=certificate,
                tls_private_key=key,
                device_port=0,
                device_authority=tmp_path / "ca.pem",
            ),
            tmp_path / "run",
        ) as gateway,
    ):
        gateway.wait_for_server()
        context = ssl.create_default_context(cadata=trust.decode())
        with httpx2.Client(base_url=gateway.url, verify=context) as http:
            headers = {"authorization": f"Bearer {token}"}
            assert http.get("/api/v1/me", headers=headers).is_success

        def as_device(files: tuple[Path, Path] | None, path: str) -> bytes:
            chain, private = files or (None, None)
            credentials = grpc.ssl_channel_credentials(
                trust, private and private.read_bytes(), chain and chain.read_bytes()
            )
            address = gateway.device_address
            assert address is not None
            authorized = (("authorization", f"Bearer {token}"),)
            with grpc.secure_channel(address, credentials) as channel:
                return cast("Any", channel).unary_unary(path)(b"", metadata=authorized, timeout=5)

        as_device(device, "/countersign.v1.ExecutionService/PollCommands")
        for files in (None, stranger):
            with pytest.raises(grpc.RpcError) as refusal:
                as_device(files, "/countersign.v1.ExecutionService/PollCommands")
            assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.RpcError) as refusal:
            as_device(device, ME)
        assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED

        before = serial_at(gateway.address)
        authority.issue("edge", x509.IPAddress(ip_address("127.0.0.1")))
        until(lambda: serial_at(gateway.address) != before)

    seen = records.last("PollCommands").metadata["x-forwarded-client-cert"]
    assert "URI=spiffe://countersign/device/7" in seen
