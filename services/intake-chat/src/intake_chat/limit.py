"""How much of something each key may do: token buckets. Pure: time is an argument.

They live in the process, so there is no store that could be down; the least used are forgotten
when there are too many, which makes them full again.
"""

from collections import OrderedDict

MOST_KEYS = 50_000


class Buckets:
    """`per_minute` in the long run, `burst` at once after a silence."""

    def __init__(self, per_minute: float, burst: float, most: int = MOST_KEYS) -> None:
        self._rate = per_minute / 60
        self._burst = max(burst, 1.0)
        self._most = most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float) -> float:
        """0 and one less in the bucket of `key`; or in how many seconds there will be one. `now` in seconds."""
        level, then = self._levels.pop(key, (self._burst, now))
        level = min(self._burst, level + max(now - then, 0.0) * self._rate)
        taken = level >= 1
        self._levels[key] = (level - taken, now)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._rate

    def __len__(self) -> int:
        return len(self._levels)
