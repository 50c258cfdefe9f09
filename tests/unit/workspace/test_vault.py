import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from agentbus.kernel.errors import Rejected
from agentbus.workspace.settings import WorkspaceSettings
from agentbus.workspace.vault import UnreadableSecret, Vault

OLD, NEW = (SecretStr(Fernet.generate_key().decode()) for _ in range(2))
PLACE = ("w", "e", "token")


@given(st.text())
def test_a_secret_comes_back_and_does_not_show(value: str) -> None:
    vault = Vault([NEW])
    closed = vault.closed(PLACE, value)
    assert vault.opened(PLACE, closed) == value
    assert len(value) < 8 or value.encode("utf-8", "surrogatepass") not in closed


@pytest.mark.parametrize("place", [("v", "e", "token"), ("w", "f", "token"), ("w", "e", "other")])
def test_a_ciphertext_is_of_no_use_elsewhere(place: tuple[str, str, str]) -> None:
    with pytest.raises(UnreadableSecret):
        Vault([NEW]).opened(place, Vault([NEW]).closed(PLACE, "x"))


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    both, closed = Vault([NEW, OLD]), Vault([OLD]).closed(PLACE, "x")
    assert both.opened(PLACE, closed) == "x"
    assert Vault([NEW]).opened(PLACE, both.rotated(closed)) == "x"
    with pytest.raises(UnreadableSecret):
        Vault([NEW]).opened(PLACE, closed)


def test_without_keys_nothing_is_kept() -> None:
    with pytest.raises(Rejected, match="AGENTBUS_SECRET_KEYS"):
        Vault([]).closed(PLACE, "x")


def test_a_key_that_is_none_stops_the_service_before_it_starts() -> None:
    with pytest.raises(ValidationError, match="32 bytes"):
        WorkspaceSettings(secret_keys="short")
