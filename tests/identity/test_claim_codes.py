"""Claim codes: what a person types is the code, or it is noticed on the spot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.sync.claim_codes import BITS, ClaimCodeError, new_code, normalise, signing_key
from device_runtime.sync.claim_codes import _printed as printed

CODE = "2H3M-Q9ZX-0AWF-T2BD"
values = st.integers(0, 2**BITS - 1)


def test_codes_are_drawn_anew_and_are_long_enough() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code.replace("-", "")) * 5 - 5 >= 80 for code in codes)


@given(values)
def test_a_code_is_read_as_it_was_printed_however_it_is_typed(value: int) -> None:
    code = printed(value)
    for typed in (code, code.lower(), code.replace("-", ""), f"  {code.replace('-', ' ')}\n"):
        assert normalise(typed) == code
    assert normalise(code.replace("0", "o").replace("1", "l")) == code
    assert signing_key(code).public_key() == signing_key(code.lower()).public_key()


@given(values, st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_symbol_is_noticed(value: int, at: int, symbol: str) -> None:
    symbols = printed(value).replace("-", "")
    if symbols[at] != symbol:
        with pytest.raises(ClaimCodeError):
            normalise(symbols[:at] + symbol + symbols[at + 1 :])


@given(values, st.integers(0, 14))
def test_two_swapped_symbols_are_noticed(value: int, at: int) -> None:
    symbols = printed(value).replace("-", "")
    if symbols[at] != symbols[at + 1]:
        with pytest.raises(ClaimCodeError):
            normalise(symbols[:at] + symbols[at + 1] + symbols[at] + symbols[at + 2 :])


@pytest.mark.parametrize("typed", ["", "2H3M", CODE, CODE + "-RR", "u" * 17, "2H3M-Q9ZX-0AWF-T2Bü-R", "\x00" * 17])
def test_what_is_no_code_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(ClaimCodeError) as refusal:
        normalise(typed)
    assert not typed or typed not in str(refusal.value)
