"""What can go wrong with an embedded part, in sentences a person can act on."""


class EmbeddedError(Exception):
    """Root of this package's errors: no outcome of a sale, so no SaleError."""


class PartFailed(EmbeddedError):
    """A child process ended early, or never became ready; the message ends with the tail of its log."""


class PartUnavailable(EmbeddedError):
    """A part cannot be had on this machine; the message says in one sentence why, and what helps."""


class DirectoryInUse(EmbeddedError):
    """Another process works in the same data directory."""
