"""Ids end in their merchant's bucket, sort by time, and what is none is not found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_domain.ids import BUCKETS, MerchantId, bucket_of, merchant_bucket, milliseconds_of, new_id

times = st.integers(0, 2**48 - 1)
chances = st.integers(0, 2**80 - 1)
buckets = st.integers(0, BUCKETS - 1)


@given(times, chances, buckets)
def test_an_id_names_the_bucket_and_the_time_that_it_was_made_for(
    milliseconds: int, randomness: int, bucket: int
) -> None:
    identifier = new_id(milliseconds=milliseconds, randomness=randomness, bucket=bucket)
    assert len(identifier) == 28
    assert bucket_of(identifier) == bucket
    assert milliseconds_of(identifier) == milliseconds


@given(st.tuples(times, chances), st.tuples(times, chances), buckets, buckets)
def test_ids_sort_by_time_then_by_chance(one: tuple[int, int], other: tuple[int, int], here: int, there: int) -> None:
    first = new_id(milliseconds=one[0], randomness=one[1], bucket=here)
    second = new_id(milliseconds=other[0], randomness=other[1], bucket=there)
    if one != other:
        assert (first < second) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pho",
        "0" * 27,
        "0" * 29,
        "8" + "0" * 27,
        "0" * 27 + "U",
        "0" * 27 + "u",
        "0" * 27 + "I",
        "0" * 26 + "²²",
        "0" * 27 + " ",
        "01JGTCZZZZ' OR 1=1 --ZZZZZZZ",
    ],
)
def test_what_is_no_id_of_ours_names_no_bucket(text: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        bucket_of(text)


def test_a_merchants_bucket_is_the_same_for_ever() -> None:
    # Rows of real merchants lie there: these figures may never change.
    assert [merchant_bucket(MerchantId(name)) for name in ("merchant-1", "merchant-2", "quán phở")] == [773, 70, 525]


@given(st.text(min_size=1, max_size=60))
def test_every_merchant_has_a_bucket(name: str) -> None:
    assert 0 <= merchant_bucket(MerchantId(name)) < BUCKETS
