"""A process's log: one line for each thing that is told, whatever a library or a server says in several."""

import logging
import re

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_ENDS = re.compile(r"\s*[\r\n]\s*")


class InOneLine(logging.Formatter):
    """Formats a message in one line; the traceback of a bug keeps its lines below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        """See `logging.Formatter`."""
        return _ENDS.sub(" ", super().formatMessage(record).strip())


def start_logging(level: str) -> None:
    """Log to standard error from this level on."""
    handler = logging.StreamHandler()
    handler.setFormatter(InOneLine(_FORMAT))
    logging.basicConfig(level=level, handlers=[handler])
