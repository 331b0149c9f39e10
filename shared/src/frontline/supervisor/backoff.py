"""How long to wait before something that died is started again."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Doubles from `first` to `most` seconds, and begins anew after a run of at least `stable` seconds."""

    first: float = 0.1
    most: float = 5.0
    stable: float = 10.0
    _next: float = 0.0

    def after(self, ran: float) -> float:
        """Seconds to wait now that a run of `ran` seconds has ended."""
        wait = self.first if ran >= self.stable or not self._next else self._next
        self._next = min(wait * 2, self.most)
        return wait
