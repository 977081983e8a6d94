"""Some role must allow and none may deny; silence is no (C9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_domain.ids import UserId
from sale_domain.permissions import Effect, Principal, is_allowed


@given(st.lists(st.none() | st.sampled_from(Effect), max_size=4))
def test_allowed_is_what_some_role_allows_and_none_denies(effects: list[Effect | None]) -> None:
    assert is_allowed(effects) == (effects.count(Effect.ALLOW) > 0 and effects.count(Effect.DENY) == 0)


def test_no_role_and_no_opinion_are_no() -> None:
    assert not is_allowed([])
    assert not is_allowed([None, None])


@pytest.mark.parametrize(
    ("roles", "bypasses"),
    [({"admin"}, True), ({"super-admin", "waiter"}, True), ({"operator"}, True), ({"waiter"}, False), (set(), False)],
)
def test_three_roles_need_no_policy(roles: set[str], bypasses: bool) -> None:  # noqa: FBT001 - pytest passes by name
    principal = Principal(user_id=UserId("lan"), roles=frozenset(roles), merchants=frozenset())
    assert principal.bypasses_policies is bypasses
