"""How badly one run is treated. Everything is drawn from the seed; times are virtual seconds."""

from dataclasses import dataclass
from random import Random


@dataclass(slots=True)
class Faults:
    """Chances are for each request; `calm` takes all of them away."""

    request_lost: float = 0.0
    ack_lost: float = 0.0
    late: float = 0.0
    """Stored long after it was sent, often after the deadline and the resend."""
    ack_late: float = 0.0
    """Acknowledged out of order."""
    stale: float = 0.0
    """A read sees the log as it was some records ago."""
    read_fails: float = 0.0
    doubled: float = 0.0
    """Arrives twice, each way."""
    suspends: float = 0.0
    """Sending waits (a full socket), so that other tasks run in the middle of it."""
    latency: float = 0.001
    deadline: float = 0.5

    def calm(self) -> None:
        self.request_lost = self.ack_lost = self.late = self.ack_late = 0.0
        self.stale = self.read_fails = self.doubled = 0.0
        self.deadline = max(self.deadline, 1.0)  # a network slower than that is a fault as well


def draw(random: Random) -> Faults:
    """Some runs are quiet, some brutal, many are bad in one way only: those go deepest."""
    temper = random.choice(("quiet", "one", "some", "all"))
    kinds = ("request_lost", "ack_lost", "late", "ack_late", "stale", "read_fails")
    chosen = {
        "quiet": (),
        "one": (random.choice(kinds),),
        "some": tuple(kind for kind in kinds if random.random() < 0.5),
        "all": kinds,
    }[temper]
    faults = Faults(
        latency=random.choice((0.0005, 0.002, 0.01)),
        deadline=random.choice((0.05, 0.5)),
        suspends=random.choice((0.0, 0.05, 0.3)),
    )
    for kind in chosen:
        rate = random.choice((0.01, 0.05, 0.3 if kind in ("stale", "read_fails") else 0.15))
        setattr(faults, kind, rate)
    return faults
