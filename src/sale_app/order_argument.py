"""The argument ORDER of the commands: what a person has at hand, the order's id or the number on its receipt."""

from typing import Annotated

import typer

from sale_domain.ids import OrderId

Order = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id, or its number as the receipt has it.")]


def named(order: str) -> OrderId:
    """Return the id of an order: a number ends in it, behind its only dash (contract §5).

    >>> named("20260105073000-01KE6YB4M0000000000000000400")
    '01KE6YB4M0000000000000000400'
    >>> named("01KE6YB4M0000000000000000400")
    '01KE6YB4M0000000000000000400'
    """
    return OrderId(order.rpartition("-")[2])
