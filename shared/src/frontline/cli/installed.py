"""Commands that other packages bring along: entry-point group `frontline.commands`.

The name of an entry point is the command. What it names is `add(parser)`, which gives the parser its
arguments, and with `set_defaults(act=...)` a function of the parsed arguments and the environment
that gives an exit code. It may raise `SettingsError`, `Rejected` and `Unavailable`.

A command of a channel says `set_defaults(channel=..., hosted=...)` instead: a coroutine function of the
arguments, the channel's settings, and the host and `receive` that the channel has when it runs.
"""

import argparse
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from frontline.contract.error import Mistake, SettingsError

COMMANDS = "frontline.commands"


def add_installed(commands: Any) -> None:
    """A parser for each; `commands` is what `add_subparsers` gave. Our own commands stay ours."""
    own = set(commands.choices)
    for point in sorted(entry_points(group=COMMANDS), key=lambda point: point.name):
        if point.name in own:
            continue
        about = (point.dist.metadata["Summary"] if point.dist else "") or f"commands of {point.module}"
        parser = commands.add_parser(point.name, help=about.rstrip("."), description=about)
        parser.point = point


class InstalledParser(argparse.ArgumentParser):
    """The parser of a whole command line, in which the package behind a command is imported only when that
    command is meant: a broken one costs nobody else.
    """

    point: EntryPoint | None = None

    def complete(self) -> None:
        """Have the arguments of the command, if they come from a package. Raises `SettingsError`."""
        point, self.point = self.point, None
        if point is None:
            return
        try:
            point.load()(self)
        except Exception as error:
            what = f"can't be loaded: {type(error).__name__} in {point.value}"
            raise SettingsError([Mistake(f"command {point.name}", what)]) from error
        self.set_defaults(run=_act)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self.complete()
        return super().parse_known_args(args, namespace)


def _act(arguments: argparse.Namespace) -> int:
    from frontline.runtime.settings import environment

    if "hosted" in arguments:
        from frontline.cli.hosted import run_hosted

        return run_hosted(arguments, environment())
    code: int = arguments.act(arguments, environment())
    return code
