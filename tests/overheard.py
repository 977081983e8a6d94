"""What a client says to PostgreSQL, read off the wire: round trips, and the statements in each."""

import struct

import attrs

_TALK = 3
"""The protocol's major version; other numbers in its place ask for encryption, which the server declines."""


@attrs.define
class Overheard:
    """Everything that one client has said so far.

    Attributes:
        trips: The statements of each round trip: all that went before the client began to wait.
    """

    trips: list[list[str]] = attrs.Factory(list)
    _prepared: dict[bytes, str] = attrs.Factory(dict)
    _said: list[str] = attrs.Factory(list)
    _rest: bytes = b""
    _greeted: bool = False

    def hear(self, data: bytes) -> None:
        """Take in what the client has sent, whole messages or pieces of them."""
        self._rest += data
        while (end := self._end()) is not None:
            message, self._rest = self._rest[:end], self._rest[end:]
            if not self._greeted:
                self._greeted = struct.unpack_from("!H", message, 4)[0] == _TALK
            else:
                self._take(message[:1], message[5:])

    def _end(self) -> int | None:
        kind = 1 if self._greeted else 0
        if len(self._rest) < kind + 4:
            return None
        end: int = kind + struct.unpack_from("!I", self._rest, kind)[0]
        return end if len(self._rest) >= end else None

    def _take(self, kind: bytes, content: bytes) -> None:
        match kind:
            case b"P":
                name, text, _ = content.split(b"\0", 2)
                self._prepared[name] = text.decode()
            case b"B":
                _, name, _ = content.split(b"\0", 2)
                self._said.append(self._prepared[name])
            case b"Q":
                self.trips.append([content[:-1].decode()])
            case b"S":
                self.trips.append(self._said)
                self._said = []
