"""`frontline up`, and the processes that it runs: `channel run` and `service run`."""

from argparse import Namespace
from importlib.metadata import entry_points

from frontline.cli.output import say
from frontline.contract.error import Mistake, SettingsError
from frontline.runtime.settings import environment


def up(_: Namespace) -> int:
    from frontline.supervisor.up import up as run

    run(environment(), say)
    return 0


def service(arguments: Namespace) -> int:
    group = "frontline.services"
    found = {entry.name: entry for entry in entry_points(group=group)}
    if arguments.name not in found:
        raise SettingsError(
            [Mistake(arguments.name, f"is not installed; in {group} there are: {', '.join(found) or 'none'}")]
        )
    code: int = found[arguments.name].load()()
    return code


def channel(arguments: Namespace) -> int:
    from frontline.runtime.host import run_channel

    return run_channel(arguments.name)
