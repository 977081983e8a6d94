"""When a process looks for objects that only name each other: seldom, and never among those that stay."""

import gc

_YOUNG, _OLDER = 20_000, 2
"""After how many more objects it looks at these, and each how many times at older ones too. One request makes more
than Python's own 700. A socket that has closed leaves 79 that name each other: some 800 sockets are kept at most."""


def collect_seldom() -> None:
    """Leave what has been made by now alone for ever, and look through what comes less often.

    Nearly everything goes when its last name does. To look through what a process is made of, again and again, took a
    sixth of what a request costs (docs/explanation/performance.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
