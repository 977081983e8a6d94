"""When a process looks for objects that only name each other: seldom, and never among those that stay."""

import gc

_YOUNG = 50_000
"""How many more objects there may be before it looks again; of Python's own 700, one request makes more."""


def collect_seldom() -> None:
    """Leave what has been made by now alone for ever, and look through what comes less often.

    Nearly everything goes when its last name does. To look through what a process is made of, again and again, took a
    sixth of what a request costs (docs/explanation/performance.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
