"""A merchant's kitchen stations, and the rules that say what is cooked where."""

from collections.abc import Iterable, Iterator, Sequence

import attrs

from sale_domain.ids import ItemId, StationId
from sale_domain.kitchen_errors import StationsOverlap


@attrs.frozen(kw_only=True)
class Station:
    """A place where things are cooked.

    Attributes:
        item_ids: The variants that are cooked here; such a rule beats one by category.
        category_ids: The categories that are cooked here.
    """

    id: StationId
    name: str
    item_ids: tuple[ItemId, ...] = ()
    category_ids: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Stations:
    """All stations of a merchant; version 0 until they are set for the first time."""

    version: int = 0
    stations: tuple[Station, ...] = ()

    def station_of(self, item_id: ItemId | None, category_ids: Sequence[str]) -> StationId | None:
        """Return where a thing is cooked: by its variant, else by the first of its categories that has a rule."""
        by_item = {item: station.id for station in self.stations for item in station.item_ids}
        by_category = {category: station.id for station in self.stations for category in station.category_ids}
        if item_id in by_item:
            return by_item[item_id]
        return next((by_category[category] for category in category_ids if category in by_category), None)

    def have(self, station_id: StationId) -> bool:
        """Tell whether something can be sent there; who keeps no stations may name any."""
        return not self.stations or any(station.id == station_id for station in self.stations)

    def replaced(self, stations: tuple[Station, ...]) -> "Stations":
        """Return other stations as the next version; the same ones change nothing.

        Raises:
            StationsOverlap: two have the same id, or an item or a category has two.
        """
        _check_once("", ((f"/stations/{n}/id", station.id) for n, station in enumerate(stations)))
        _check_once("item ", _places("itemIds", [station.item_ids for station in stations]))
        _check_once("category ", _places("categoryIds", [station.category_ids for station in stations]))
        return self if stations == self.stations else Stations(version=self.version + 1, stations=stations)


def _places(field: str, lists: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    for n, named in enumerate(lists):
        for place, name in enumerate(named):
            yield f"/stations/{n}/{field}/{place}", name


def _check_once(what: str, named: Iterable[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for pointer, name in named:
        if name in seen:
            raise StationsOverlap(pointer=pointer, detail=f"{what}{name!r} already stands at {seen[name]}")
        seen[name] = pointer
