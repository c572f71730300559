"""What a password must be, and what is stored in its place."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_tools.fleet.access import passwords
from firmware_tools.fleet.access.passwords import Cost, check_password, hash_password, is_old, verify_password
from firmware_tools.fleet.errors import FleetError


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 11,
        "a" * 40,
        "abababababab",
        "my name is ada",
        "ADA-ADA-1234",
        "x" * 257,
        7,
        None,
        "\ud800" * 9 + "abcdef",
    ],
)
def test_passwords_that_will_not_do_are_refused_without_being_repeated(password: Any) -> None:
    with pytest.raises(FleetError) as refusal:
        check_password(password, "ada")
    assert not isinstance(password, str) or password not in str(refusal.value)


@pytest.mark.parametrize("password", ["correct horse", "пароль из слов", "twelve chars", "  spaces count  "])
def test_length_is_all_that_is_asked_for(password: str) -> None:
    assert check_password(password, "ada") == password


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_a_hash_is_of_its_password_alone(one: str, other: str) -> None:
    stored = hash_password(one)
    assert verify_password(one, stored)
    assert verify_password(other, stored) == (one == other)
    assert not one or one not in stored or len(one) < 4
    assert hash_password(one) != stored


def test_parameters_stand_with_the_hash_and_may_rise(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = hash_password("correct horse")
    assert not is_old(stored)
    monkeypatch.setattr(passwords, "COST", Cost(2**9, 8, 1))
    assert is_old(stored)
    assert verify_password("correct horse", stored)


def test_the_real_parameters_are_owasp_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert (passwords.COST.n, passwords.COST.r, passwords.COST.p) == (2**15, 8, 3)
    assert verify_password("correct horse", hash_password("correct horse"))


@pytest.mark.parametrize(
    "stored", ["", "scrypt", "scrypt$2$8$1$!!$!!", "scrypt$x$8$1$AAAA$AAAA", "scrypt$3$8$1$AAAA$AAAA"]
)
def test_a_damaged_hash_is_said_and_lets_nobody_in(stored: str) -> None:
    with pytest.raises(FleetError, match="damaged"):
        verify_password("correct horse", stored)


def test_nobody_s_hash_costs_what_a_real_one_does_and_is_of_no_password() -> None:
    assert passwords.nobodys_hash().split("$")[:4] == hash_password("x").split("$")[:4]
    assert not verify_password("", passwords.nobodys_hash())
