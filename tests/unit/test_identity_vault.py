"""What the vault promises of secrets at rest."""

import pytest
from hypothesis import given, strategies as st

from countersign_server.identity.vault import SealBroken, Vault

KEY, OTHER_KEY = bytes(range(32)), bytes(reversed(range(32)))
ROW, OTHER_ROW = "producer_key:a", "producer_key:b"


@given(plain=st.binary(max_size=200), row=st.text(max_size=50))
def test_what_is_sealed_opens_again_in_its_place(plain: bytes, row: str) -> None:
    assert Vault(KEY).open(Vault(KEY).seal(plain, bound_to=row), bound_to=row) == plain


def test_a_secret_moved_to_another_row_does_not_open() -> None:
    sealed = Vault(KEY).seal(b"secret", bound_to=ROW)
    with pytest.raises(SealBroken):
        Vault(KEY).open(sealed, bound_to=OTHER_ROW)


def test_another_sealing_key_does_not_open_it() -> None:
    sealed = Vault(KEY).seal(b"secret", bound_to=ROW)
    with pytest.raises(SealBroken):
        Vault(OTHER_KEY).open(sealed, bound_to=ROW)


def test_every_changed_bit_is_noticed() -> None:
    vault = Vault(KEY)
    sealed = vault.seal(b"secret", bound_to=ROW)
    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(SealBroken):
            vault.open(bytes(changed), bound_to=ROW)


@given(st.binary(max_size=60))
def test_bytes_that_were_never_sealed_do_not_open(junk: bytes) -> None:
    with pytest.raises(SealBroken):
        Vault(KEY).open(junk, bound_to=ROW)


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    vault = Vault(KEY)
    assert vault.seal(b"secret", bound_to=ROW) != vault.seal(b"secret", bound_to=ROW)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(bytes(length))


def test_a_digest_finds_the_same_secret_again_in_its_place_and_under_its_key_only() -> None:
    digest = Vault(KEY).digest("K7QXM3TR9V", bound_to="pairing_codes")
    assert digest == Vault(KEY).digest("K7QXM3TR9V", bound_to="pairing_codes")
    assert digest != Vault(KEY).digest("K7QXM3TR9W", bound_to="pairing_codes")
    assert digest != Vault(KEY).digest("K7QXM3TR9V", bound_to="elsewhere")
    assert digest != Vault(OTHER_KEY).digest("K7QXM3TR9V", bound_to="pairing_codes")
