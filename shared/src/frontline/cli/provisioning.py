"""`frontline nats provision`."""

from argparse import Namespace
from collections.abc import Sequence

from frontline.cli.output import line, table
from frontline.cli.reach import on_bus
from frontline.runtime.bus import Bus
from frontline.runtime.settings import environment
from frontline.runtime.topology import Change
from frontline.supervisor.home import open_home
from frontline.supervisor.provision import changes_on, provision_on, wanted_topology
from frontline.supervisor.settings import up_settings


def provision(arguments: Namespace) -> int:
    settings = up_settings(environment())
    home = None if settings.runtime.nats_url else open_home(settings.runtime.data_dir)
    wanted = wanted_topology(settings.configuration, settings.storage, home)

    async def run(bus: Bus) -> Sequence[Change]:
        return await changes_on(bus, wanted) if arguments.dry_run else await provision_on(bus, wanted)

    changes = on_bus(environment(), run)
    if not changes:
        line("NATS holds all that is needed.")
        return 0
    doing = "WOULD" if arguments.dry_run else "DID"
    table((doing, "STREAM", "WHAT"), [(change.action, change.stream, change.what) for change in changes])
    return 1 if arguments.dry_run else 0
