from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hc.core.object_keys import code_of, number_of, object_key, prefix, sort_key

CODE = UUID("e2f3c2b4-8c1d-4b7e-9d3a-111111111111")
NUMBERS = st.integers(0, 2**31 - 1)


@pytest.mark.parametrize(
    ("n", "key"),
    [
        (0, "zj-0"),
        (1, "zi-1"),
        (9, "za-9"),
        (10, "yij-10"),
        (99, "yaa-99"),
        (100, "xijj-100"),
        (123, "xihg-123"),
        (1000, "wijjj-1000"),
        (1234567890, "qihgfedcbaj-1234567890"),
    ],
)
def test_keys_are_those_of_the_specification(n: int, key: str) -> None:
    assert sort_key(n) == key
    assert object_key(CODE, n) == f"e2f3c2b4-8c1d-4b7e-9d3a-111111111111/{key}"


@given(NUMBERS, NUMBERS)
def test_a_listing_after_the_next_number_holds_all_up_to_it(n: int, threshold: int) -> None:
    listed = object_key(CODE, n) > object_key(CODE, threshold + 1)
    assert listed == (n <= threshold)


@given(NUMBERS)
def test_a_key_tells_its_number(n: int) -> None:
    assert number_of(object_key(CODE, n)) == n


@pytest.mark.parametrize(
    "key",
    ["", "a", f"{CODE}/", f"{CODE}/zi-2", f"{CODE}/zi-", f"{CODE}/-1", f"{CODE}/zi-01", "x/٣-٣"],
)
def test_other_keys_have_no_number(key: str) -> None:
    assert number_of(key) is None


def test_folders_of_checks_are_told_from_others() -> None:
    assert code_of(prefix(CODE)) == code_of(str(CODE)) == CODE
    for other in ("", "/", "backups/", str(CODE).upper() + "/", CODE.hex + "/", f"{{{CODE}}}/"):
        assert code_of(other) is None
