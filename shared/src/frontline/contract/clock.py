"""The one way to ask for the time: edges are handed a clock, pure rooms an instant."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Gives the present instant as aware UTC."""
