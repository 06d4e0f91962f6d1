"""An owner's key in a file: made for its owner alone, and used for exactly what it says."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from countersign_client.errors import CountersignError
from countersign_client.owner_keys import OwnerSigner
from tests.fixtures.owner_keys import Signed
from tests.unit.test_owner_signatures import TEXT, VERIFIERS, Row


def test_what_the_client_signs_counts_for_server_and_bridge(tmp_path: Path) -> None:
    made = OwnerSigner.made_in(tmp_path / "owner-key.pem")
    signed = OwnerSigner.from_file(tmp_path / "owner-key.pem").approve(TEXT)

    assert signed.owner_key_id == made.key_id
    row = Row("ed25519", "", made.public_key)
    for verify in VERIFIERS.values():
        assert verify(row, Signed(signed.signature), TEXT)


def test_a_key_file_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "owner-key.pem"
    OwnerSigner.made_in(path)
    assert path.stat().st_mode & 0o777 == 0o600

    before = path.read_bytes()
    with pytest.raises(CountersignError, match="cannot be written"):
        OwnerSigner.made_in(path)
    assert path.read_bytes() == before


def test_a_key_that_others_may_read_signs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "owner-key.pem"
    OwnerSigner.made_in(path)
    path.chmod(0o640)
    assert reason(path) == "KEY_READABLE_BY_OTHERS"


def test_what_is_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "owner-key.pem"
    path.touch(mode=0o600)
    path.write_text("not a key")
    assert reason(path) == "KEY_UNREADABLE"
    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    assert reason(path) == "KEY_UNREADABLE"
    assert reason(tmp_path / "missing.pem") == "VALUE_REFUSED"


def test_the_private_half_is_in_no_repr(tmp_path: Path) -> None:
    signer = OwnerSigner.made_in(tmp_path / "owner-key.pem")
    assert repr(signer) == f"OwnerSigner({signer.key_id!r})"


def reason(path: Path) -> str:
    with pytest.raises(CountersignError) as refused:
        OwnerSigner.from_file(path)
    return refused.value.reason
