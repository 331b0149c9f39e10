"""What a replica of a desk is given by the process that it runs in."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from frontline.configuration.model import Configuration
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.signing import Signer
from router.desk.configured import Configured
from router.desk.copied import Neighbour
from router.desk.eraser import Acquaintance, NoAcquaintance
from router.desk.figures import RouterFigures
from router.desk.holders import Decided, HoldersOf, NothingDecided, nobody_known
from router.desk.intake import Park
from router.desk.keeper import Take
from router.desk.snapshotting import in_a_child


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`wall` is the machine's clock, `monotonic` its seconds that never go back; `park` keeps what can't be processed.
    A snapshot of a desk is taken every `snapshot_every` commits; `retention` is how long its log is kept, `None` for ever.
    """

    bus: Bus
    signer: Signer
    configured: Configured
    wall: Clock
    log: Log
    park: Park
    figures: RouterFigures
    monotonic: Callable[[], float] = time.monotonic
    holders_of: HoldersOf = nobody_known
    decided: Decided = field(default_factory=NothingDecided)
    neighbours: Mapping[DeskId, Neighbour] = field(default_factory=dict)
    """Every desk that the process follows."""
    lease_seconds: float = 2.0
    take_snapshot: Take = in_a_child
    snapshot_every: int = 50_000
    retention: timedelta | None = None
    public_url: str = ""
    """Where people reach the console; notices lead there."""
    acquaintance: Acquaintance = field(default_factory=NoAcquaintance)
    erase_again_after: timedelta = timedelta(hours=3)

    @property
    def configuration(self) -> Configuration:
        """The one in force in this process."""
        return self.configured.current
