"""What is cooked where: a rule by variant beats one by category, and nothing is cooked at two places."""

import pytest

from sale_domain.ids import ItemId, StationId
from sale_domain.kitchen_errors import StationsOverlap
from sale_domain.stations import Station, Stations


def station(name: str, *, items: tuple[str, ...] = (), categories: tuple[str, ...] = ()) -> Station:
    return Station(
        id=StationId(name), name=name.capitalize(), item_ids=tuple(map(ItemId, items)), category_ids=categories
    )


STATIONS = Stations().replaced(
    (
        station("stove", categories=("food", "soup")),
        station("bar", items=("variant-pho-ly",), categories=("drinks",)),
    )
)


@pytest.mark.parametrize(
    ("item", "categories", "found"),
    [
        ("variant-pho", ("food",), "stove"),
        ("variant-pho-ly", ("food",), "bar"),
        ("variant-tra-da", ("unknown", "drinks", "food"), "bar"),
        ("variant-tra-da", (), None),
        ("variant-tra-da", ("unknown",), None),
        (None, (), None),
    ],
)
def test_a_rule_by_variant_comes_first_then_the_first_category_that_has_one(
    item: str | None, categories: tuple[str, ...], found: str | None
) -> None:
    assert STATIONS.station_of(None if item is None else ItemId(item), categories) == found


def test_without_rules_nothing_has_a_station() -> None:
    assert Stations().station_of(ItemId("variant-pho"), ("food",)) is None
    assert Stations().version == 0


def test_other_stations_are_a_new_version_and_the_same_ones_are_not() -> None:
    assert STATIONS.version == 1
    assert STATIONS.replaced(STATIONS.stations) is STATIONS
    assert STATIONS.replaced(()) == Stations(version=2)


@pytest.mark.parametrize(
    ("stations", "pointer"),
    [
        ((station("bar"), station("bar")), "/stations/1/id"),
        ((station("bar", items=("a", "b")), station("stove", items=("c", "b"))), "/stations/1/itemIds/1"),
        ((station("bar", categories=("a",)), station("stove", categories=("a",))), "/stations/1/categoryIds/0"),
        ((station("bar", items=("a", "a")),), "/stations/0/itemIds/1"),
    ],
)
def test_what_would_be_cooked_twice_is_refused_where_it_is_said_again(
    stations: tuple[Station, ...], pointer: str
) -> None:
    with pytest.raises(StationsOverlap) as refusal:
        STATIONS.replaced(stations)
    assert refusal.value.pointer == pointer
    assert pointer in str(refusal.value)
