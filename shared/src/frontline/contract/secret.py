"""Settings that must not be seen."""


class Secret(str):
    """Text that must not be seen: its repr, and so that of a struct around it, hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(...)"
