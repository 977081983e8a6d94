"""Which parts are reachable and as they must be, in plain words, and what to do about those that are not."""
