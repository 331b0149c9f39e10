"""The one way to ask for the time: edges are handed a clock, pure rooms an instant."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from msgspec import Meta

Clock = Callable[[], datetime]
"""Gives the present instant as aware UTC."""

Instant = Annotated[datetime, Meta(tz=True)]
"""A field of the wire: bytes that tell an instant without its offset from UTC are refused."""
