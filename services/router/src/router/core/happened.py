"""What every decided event is."""

from datetime import datetime

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=True, gc=False):
    """`at` is when it took effect: for a breach the deadline, for a message when it reached us."""

    at: datetime
