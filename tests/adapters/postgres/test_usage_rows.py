"""In which order the usages of an order are written: it keeps two orders from waiting for each other."""

from orders_world import fresh_merchant, opened, pho
from sale_adapters.postgres.usage_rows import usage_writes
from sale_domain.allocations import Seating
from seating_world import taking


def test_units_are_taken_in_the_order_of_their_names_whatever_was_asked_for() -> None:
    order = opened(fresh_merchant(), pho()).order
    seated = taking("table-9", "table-2", "table-5")(order).change.order.seating
    assert [query.values["unit_id"] for query in usage_writes(Seating(), seated)] == ["table-2", "table-5", "table-9"]
