"""The live stream over WebSocket (contract §8), read from the committed history."""

from sale_adapters.web.stream.conversation import StreamLimits
from sale_adapters.web.stream.service import Stream
from sale_adapters.web.stream.tail import FeedTail

__all__ = ["FeedTail", "Stream", "StreamLimits"]
