"""What Kafka would have been told, as it happens."""

from collections.abc import Iterator, Sequence
from typing import TypeVar, overload

import attrs

from sale_adapters.memory.store import MemoryStore
from sale_adapters.wire.cloud_events import Headers, cloud_event_headers
from sale_domain.events import Event

E = TypeVar("E", bound=Event)


@attrs.frozen(kw_only=True)
class CapturedRecord:
    """A record as a consumer gets it; the names are those of kafka-python's."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


@attrs.frozen
class CapturedEvents(Sequence[Event]):
    """Every event that was committed, oldest first; it grows while one looks."""

    _store: MemoryStore

    def __len__(self) -> int:
        return len(self._store.messages)

    @overload
    def __getitem__(self, place: int) -> Event: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Event]: ...

    def __getitem__(self, place: int | slice) -> Event | Sequence[Event]:
        return [message.payload for message in self._store.messages][place]

    def of(self, kind: type[E]) -> tuple[E, ...]:
        """Return those of one kind."""
        return tuple(event for event in self if isinstance(event, kind))

    def records(self) -> Iterator[CapturedRecord]:
        """Yield the records that Kafka would hold, with key, exact bytes and CloudEvents headers (contract §7)."""
        for row in self._store.outbox.rows.values():
            yield CapturedRecord(topic=row.topic, key=row.key, value=row.payload, headers=cloud_event_headers(row))
