"""How much is tried: a little with every test run, a lot with `make fuzz CASES=50000 SEED=7`."""

import os

USUAL = 2_000
CASES = int(os.environ.get("CASES", USUAL))
SEED = int(os.environ.get("SEED", "1"))


def examples(usual: int) -> int:
    """Return how many examples to try where usually there are so many."""
    return max(1, usual * CASES // USUAL)
