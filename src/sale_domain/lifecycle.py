"""A lifecycle: a transition table and its only lookup."""

from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

import attrs

from sale_domain.errors import IllegalTransition

State = TypeVar("State", bound=Enum)
Action = TypeVar("Action", bound=Enum)


@attrs.frozen(kw_only=True)
class Lifecycle(Generic[State, Action]):
    """What may happen to a thing, and what it becomes.

    Attributes:
        thing: The thing's name, as documents show it.
        initial: The state that it is born in.
        table: A row for every state, from action to next state; terminal rows are empty.

    >>> Light = Enum("Light", ["OFF", "ON"])
    >>> Switch = Enum("Switch", ["FLIP"])
    >>> lamp = Lifecycle(thing="lamp", initial=Light.OFF, table={Light.OFF: {Switch.FLIP: Light.ON}, Light.ON: {}})
    >>> lamp.after(Light.OFF, Switch.FLIP), lamp.is_terminal(Light.ON)
    (<Light.ON: 2>, True)
    """

    thing: str
    initial: State
    table: Mapping[State, Mapping[Action, State]]

    def after(self, status: State, action: Action) -> State:
        """Return the state that an action leads to.

        Raises:
            IllegalTransition: the table has no such row; nothing has changed.
        """
        try:
            return self.table[status][action]
        except KeyError:
            raise IllegalTransition(status=status.value, action=action.value) from None

    def is_terminal(self, status: State) -> bool:
        """Tell whether nothing more can happen."""
        return not self.table[status]
