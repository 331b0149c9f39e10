"""Which processes there have to be: one for each channel with an inbox, one for each service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points

from frontline.configuration.model import Configuration
from frontline.contract.ids import ChannelName
from frontline.supervisor.process import ProcessSpec, frontline_argv

CHANNELS = "frontline.channels"
SERVICES = "frontline.services"

_INTAKE, _BEHIND = 0, 1


@dataclass(frozen=True, slots=True)
class Roster:
    """`absent` are channels that have an inbox but no plug-in installed."""

    channels: tuple[ChannelName, ...]
    services: tuple[str, ...]
    absent: tuple[ChannelName, ...]

    def specs(self, environ: Mapping[str, str]) -> list[ProcessSpec]:
        """Intakes end first: then nobody is told "accepted" while what stands behind is ending."""
        return [
            *(
                ProcessSpec(intake(name), frontline_argv("channel", "run", name), environ, _INTAKE)
                for name in self.channels
            ),
            *(ProcessSpec(name, frontline_argv("service", "run", name), environ, _BEHIND) for name in self.services),
        ]


def roster(configuration: Configuration, channels: Sequence[str], services: Sequence[str]) -> Roster:
    """For what is configured and what is installed."""
    return Roster(
        channels=tuple(name for name in configuration.channels if name in channels),
        services=tuple(sorted(services)),
        absent=tuple(name for name in configuration.channels if name not in channels),
    )


def intake(channel: str) -> str:
    """The name of the process that serves a channel."""
    return f"intake-{channel}"


def installed(group: str) -> list[str]:
    """Names of the plug-ins in an entry-point group."""
    return sorted({entry.name for entry in entry_points(group=group)})
