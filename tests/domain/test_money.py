"""Money is exact: nothing is rounded away unseen, parts sum to the whole, currencies never mix."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_domain.money import Currency, Money, currency, exact, exact_rate
from shop import VND, vnd

USD = Currency("USD")
LARGEST = Decimal("99999999999.9999")
amounts = st.decimals(min_value=-LARGEST, max_value=LARGEST, places=4)


@given(amounts, st.integers(1, 50))
def test_the_parts_of_a_split_bill_sum_to_the_whole_and_differ_by_one_unit_at_most(amount: Decimal, parts: int) -> None:
    shares = vnd(amount).split(parts)
    assert len(shares) == parts
    assert Money.sum(shares, currency=VND) == vnd(amount)
    assert max(share.amount for share in shares) - min(share.amount for share in shares) <= Decimal("0.0001")


def test_the_remainder_of_a_split_goes_to_the_first_guests() -> None:
    assert vnd("100").split(3) == (vnd("33.3334"), vnd("33.3333"), vnd("33.3333"))
    assert vnd("-0.0005").split(2) == (vnd("-0.0003"), vnd("-0.0002"))


@given(amounts)
def test_a_decimal_15_4_is_kept_to_the_last_place(amount: Decimal) -> None:
    kept = exact(amount)
    assert kept == amount
    assert kept.as_tuple().exponent == -4


@pytest.mark.parametrize(
    "text", ["0.00001", "65000.12345", "100000000000", "1E+999999", "-1E+11", "NaN", "sNaN", "Infinity"]
)
def test_what_is_no_decimal_15_4_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        exact(Decimal(text))


@pytest.mark.parametrize("text", ["-0", "0e999999999", "-0E+20", "0.000000000"])
def test_nothing_is_nothing_however_it_is_written_and_never_negative(text: str) -> None:
    assert str(exact(Decimal(text))) == "0.0000"


@pytest.mark.parametrize("text", ["0", "-1", "0.00000000001", "1E+12", "NaN", "Infinity", "-Infinity"])
def test_what_is_no_exchange_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        exact_rate(Decimal(text))


def test_an_exchange_rate_has_up_to_ten_decimals() -> None:
    assert exact_rate(Decimal("0.0000393701")) == Decimal("0.0000393701")


@pytest.mark.parametrize("code", ["vnd", "VN", "VNDD", "VN1", "", "VND\n", "ＶＮＤ"])  # noqa: RUF001 - full width on purpose
def test_a_currency_is_three_capital_letters(code: str) -> None:
    with pytest.raises(ValueError, match="three capital letters"):
        currency(code)
    assert currency("VND") == VND


@pytest.mark.parametrize(
    "mix",
    [
        lambda dong, dollars: dong + dollars,
        lambda dong, dollars: dong - dollars,
        lambda dong, dollars: dong < dollars,
        lambda dong, dollars: dong <= dollars,
        max,
        lambda dong, dollars: Money.sum([dollars, dong], currency=VND),
    ],
)
def test_dong_and_dollars_never_mix(mix: Callable[[Money, Money], object]) -> None:
    with pytest.raises(ValueError, match="do not mix"):
        mix(vnd(65_000), Money(Decimal(3), USD))
    assert vnd(3) != Money(Decimal(3), USD)


def test_money_of_more_than_four_decimals_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="more than 4 decimals"):
        vnd("0.00001")


def test_a_price_times_a_quantity_is_rounded_half_up() -> None:
    assert vnd("0.0001").times(Decimal("0.5")) == vnd("0.0001")
    assert vnd("0.0001").times(Decimal("0.4999")) == vnd(0)
    assert vnd("65000").times(Decimal("1.5")) == vnd(97_500)


def test_an_amount_has_no_truth_value_or_a_price_of_zero_would_be_taken_for_none() -> None:
    assert vnd(0).is_zero
    assert not vnd(1).is_zero
    with pytest.raises(TypeError, match="is_zero"):
        bool(vnd(0))


def test_the_sum_of_nothing_is_no_money_of_that_currency() -> None:
    assert Money.sum([], currency=USD) == Money(Decimal(0), USD)


def test_an_amount_is_at_most_itself_and_not_less_than_itself() -> None:
    assert vnd(5) <= vnd(5)
    assert not vnd(5) < vnd(5)
    assert not vnd(6) <= vnd(5)


def test_an_exchange_rate_has_eleven_digits_before_its_point_and_ten_behind() -> None:
    for rate in ("99999999999", "0.0000000001", "25600.1234567891"):
        assert exact_rate(Decimal(rate)) == Decimal(rate)
    assert str(exact_rate(Decimal(2))) == "2.0000000000"
    for rate in ("100000000000", "0", "-1", "NaN", "Infinity"):
        with pytest.raises(ValueError, match="greater than 0"):
            exact_rate(Decimal(rate))
    with pytest.raises(ValueError, match="at most 10 decimals"):
        exact_rate(Decimal("0.00000000001"))
