"""Every statement on a merchant's rows names the merchant, or is listed here with the reason (contract §9).

The relay and `sale outbox` have statements of their own (`relay_sql`, `outbox_desk`): no caller reaches those.
`sessions` asks the server about itself.
"""

import re

from sale_adapters.postgres.trips import Statement
from sql_said import kept, lists

OF_THE_ORDER = "by the id of an order that the same transaction has found or locked by its merchant"
WEBHOOK = "mq-pay names no merchant, only an order"
SWEEP = "a sweep of the relay's, over the buckets that it leases"
RECONCILER = "the reconciler reads every merchant, bucket by bucket"
OPERATOR = "a person at the command line looks into the inbox"
FIGURES = "/metrics shows sums over all merchants"
KEY = "the digest is made of merchant, user, method, path and key"
POSITIONAL = "an INSERT without column names; the merchant is its second value"

NOBODY_ELSES = {"relay_sql", "outbox_desk", "sessions"}

UNSCOPED = {
    "statements": {
        "LOCK_ORDER": WEBHOOK,
        "INSERT_WEBHOOK": WEBHOOK,
        "PARK_FACT": WEBHOOK,
        "UNPARK_FACT": WEBHOOK,
        **dict.fromkeys(("FIND_ANSWER", "KEEP_ANSWER"), KEY),
        **dict.fromkeys(("UPDATE_ORDER", "LINES", "LINES_OF_MANY", "INSERT_LINE", "UPDATE_LINE"), OF_THE_ORDER),
        **dict.fromkeys(("DELETE_LINES", "FACTS", "FACTS_OF_MANY", "INSERT_FACT"), OF_THE_ORDER),
        **dict.fromkeys(("NEWEST_SNAPSHOT", "INSERT_SNAPSHOT", "ENTRIES"), OF_THE_ORDER),
    },
    "kitchen_statements": {
        **dict.fromkeys(("INSERT_ITEM", "UPDATE_TICKET", "UPDATE_ITEM", "TICKETS", "ITEMS"), OF_THE_ORDER),
        "ENSURE_STATIONS": POSITIONAL,
    },
    "usage_sql": {**dict.fromkeys(("ACTIVE_OF_ORDER", "OF_ORDER", "OF_ORDERS", "UPDATE"), OF_THE_ORDER), "DUE": SWEEP},
    "leftovers": {"_STATEMENTS": SWEEP},
    "inbox_sql": {
        **dict.fromkeys(("ARRIVED", "DROP_ANSWERS", "DROP_PUBLISHED", "DROP_WEBHOOKS"), SWEEP),
        **dict.fromkeys(("WAITING", "WEBHOOK", "WEBHOOKS_NAMING"), OPERATOR),
    },
    "book_statements": dict.fromkeys(
        ("FEEDS", "PAGE", "ORDERS", "EVENTS", "SNAPSHOTS", "EVENTS_OF", "ENTRIES", "WAITING"), RECONCILER
    ),
    "figures": dict.fromkeys(
        ("UNPUBLISHED", "SET_ASIDE", "HELD_BACK", "PARKED", "ACTIVE_USAGES", "UNALLOCATED", "OPEN_ORDERS"), FIGURES
    ),
}


def is_scoped(statement: Statement) -> bool:
    """Tell whether it compares the merchant with a parameter of it, or writes it."""
    sql = " ".join(statement.sql.decode().split())
    compared = re.search(r"merchant_id = (\$(\d+)|asked\.merchant_id)", sql.partition(" WHERE ")[2] or sql)
    if compared is not None:
        place = compared[2]
        return place is None or statement.names[int(place) - 1].endswith("merchant_id")
    return sql.startswith("INSERT INTO") and "merchant_id" in sql.partition(" VALUES ")[0]


def test_every_statement_names_the_merchant_or_is_listed_with_a_reason() -> None:
    found: dict[str, set[str]] = {}
    for each in kept():
        if each.module not in NOBODY_ELSES and not is_scoped(each.statement):
            found.setdefault(each.module, set()).add(each.name.partition(" ")[0])
    assert found == {module: set(listed) for module, listed in UNSCOPED.items()}


def test_every_list_is_the_merchants() -> None:
    found = list(lists())
    assert len(found) > 130
    assert [page.place for page in found if not is_scoped(page.statement)] == []
