"""A process that serves looks for cycles seldom, and never among what it is made of."""

import subprocess
import sys

LOOK = """
import gc
from sale_app.collecting import collect_seldom

class Round:
    pass

def leave_cycles(count):
    for _ in range(count):
        one = Round()
        one.itself = one

def left():
    return sum(isinstance(thing, Round) for thing in gc.get_objects())

import sale_app.server
collect_seldom()
print(gc.get_freeze_count() > 50_000)
leave_cycles(5_000)
print(left())
leave_cycles(100_000)
print(left() < 60_000)
"""


def test_what_was_made_at_the_start_is_never_looked_through_and_cycles_do_not_pile_up() -> None:
    command = [sys.executable, "-c", LOOK]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - ours

    assert told.stdout.split() == ["True", "5000", "True"]
