"""A clock that has come to where its policy asks for more than to be told."""

from typing import NamedTuple

from router.core.desk_settings import EscalationSettings

BREACH = 1.0
"""The fraction at which a clock is breached."""


class Reached(NamedTuple):
    """What `target` of a contact asks for, and has not had yet."""

    target: str
    rule: EscalationSettings
