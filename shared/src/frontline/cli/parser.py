"""Every command with its arguments. What a command needs is imported when it is run, not before:
`frontline --help` is there at once, and a service imports only its own.
"""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from frontline import __version__
from frontline.cli.installed import InstalledParser, add_installed

UP_SETTINGS = """\
settings, all by environment variables, all with defaults:
  FRONTLINE_DATA_DIR     where everything is kept (.frontline)
  FRONTLINE_CONFIG       TOML file or folder with the desks (unset: the demo desk)
  FRONTLINE_NATS_URL     a NATS server that is there already (unset: an embedded one)
  FRONTLINE_ROUTER_PORT  the agents' API (8080; 0: any free port, told in up.json)
  FRONTLINE_SMTP_PORT    mail comes in here (2525)
  FRONTLINE_SMTP_RELAY   host:port that mail goes out by (unset: files in <data dir>/mailbox)
  FRONTLINE_CHAT_PORT, FRONTLINE_PHONE_PORT (8081, 8082)
  FRONTLINE_SECRET       the deployment secret (unset: <data dir>/secret, made at the first start)
  FRONTLINE_STORAGE_GIB  how much disk the embedded server may take
  FRONTLINE_NATS_SYNC    when it flushes to the disk: 1s, or `always`
  FRONTLINE_ENV          `production`: no demo desk and no local mailbox
"""

Commands = Any
"""What `add_subparsers` gives; argparse names no public type for it."""


def parser() -> argparse.ArgumentParser:
    """The whole command line; `run` of what it parses takes the arguments and gives an exit code."""
    top = InstalledParser(
        prog="frontline",
        description="One front door for every customer contact.",
        epilog="`frontline COMMAND --help` tells more about each.",
    )
    top.add_argument("--version", action="version", version=f"frontline {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _set_up(commands)
    _processes(commands)
    _operate(commands)
    add_installed(commands)
    return top


def _set_up(commands: Commands) -> None:
    up = _command(commands, "up", "cli.running:up", "start everything on this machine: NATS, all services, a demo desk")
    up.formatter_class = argparse.RawDescriptionHelpFormatter
    up.epilog = UP_SETTINGS

    init = _command(commands, "init", "cli.configuring:init", "write a configuration for your own desk, with comments")
    init.add_argument("path", nargs="?", type=Path, default=Path("frontline.toml"), help="default: frontline.toml")

    config = commands.add_parser("config", help="look at a configuration").add_subparsers(
        required=True, metavar="COMMAND"
    )
    check = _command(config, "check", "cli.configuring:check", "list every mistake in it")
    check.add_argument("path", nargs="?", type=Path, help="a file or folder; default: FRONTLINE_CONFIG")

    token = _command(commands, "token", "cli.configuring:token", "print the bearer token of an agent")
    token.add_argument("agent", help="the agent's id")


def _processes(commands: Commands) -> None:
    channel = commands.add_parser("channel", help="one channel as a process").add_subparsers(
        required=True, metavar="COMMAND"
    )
    run = _command(channel, "run", "cli.running:channel", "run the intake of a channel until it is told to stop")
    run.add_argument("name", help="its entry point in the group frontline.channels: email, ...")

    service = commands.add_parser("service", help="one service as a process").add_subparsers(
        required=True, metavar="COMMAND"
    )
    run = _command(service, "run", "cli.running:service", "run a service until it is told to stop")
    run.add_argument("name", help="its entry point in the group frontline.services: router, ...")


def _operate(commands: Commands) -> None:
    about = "what could not be processed and waits for a person"
    parked = commands.add_parser("parked", help=about, description=about).add_subparsers(
        required=True, metavar="COMMAND"
    )
    listing = _command(parked, "list", "cli.parked:list_items", "one line for each, oldest first")
    listing.add_argument("--service", help="only those of this service")
    listing.add_argument("--reason", help="only those with this reason")
    show = _command(parked, "show", "cli.parked:show_item", "all that is known about one, and its content")
    show.add_argument("--raw", action="store_true", help="the content only, byte for byte")
    release = _command(parked, "release", "cli.parked:release_items", "send it on its way again")
    drop = _command(parked, "drop", "cli.parked:drop_items", "delete it for good")
    drop.add_argument("--reason", required=True, help="why; stands in the log")
    show.add_argument("id", type=int)
    for several in (release, drop):
        several.add_argument("id", type=int, nargs="+")

    _erasing(commands)

    replay = _command(
        commands, "replay", "cli.replay:run", "parse kept originals again, without making a second contact"
    )
    replay.add_argument("message", nargs="*", help="ids of messages, as in a transcript")
    replay.add_argument("--since", help="all that came at this time or later (ISO 8601), instead of ids")
    replay.add_argument("--dry-run", action="store_true", help="only say what would read differently")

    nats = commands.add_parser("nats", help="the streams and buckets in NATS").add_subparsers(
        required=True, metavar="COMMAND"
    )
    provision = _command(nats, "provision", "cli.provisioning:provision", "create what is missing, update what differs")
    provision.add_argument(
        "--dry-run", action="store_true", help="only say what would be done; exit code 1 if anything"
    )


def _erasing(commands: Commands) -> None:
    about = "take a customer, or one contact, out of every store for good"
    erase = commands.add_parser("erase", help=about, description=f"{about[:1].upper()}{about[1:]}.").add_subparsers(
        required=True, metavar="COMMAND"
    )
    for kind in ("customer", "contact"):
        one = _command(erase, kind, f"cli.erasing:{kind}", f"have a {kind} erased at all desks, by id")
        one.add_argument("id", nargs="+", help="as the API shows it")
    _command(erase, "list", "cli.erasing:list_all", "who was erased, and how far that has come")
    _command(
        erase, "journal", "cli.erasing:journal", "print the ids of all that were erased, to be kept beside backups"
    )
    again = _command(erase, "again", "cli.erasing:again", "erase again what a restored backup has brought back")
    again.add_argument("file", nargs="?", type=Path, help="a journal that was printed (-: standard input)")


def _command(commands: Commands, name: str, target: str, about: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=f"{about[:1].upper()}{about[1:]}."
    )
    made.set_defaults(run=_later(target))
    return made


def _later(target: str) -> Callable[[argparse.Namespace], int]:
    """The function `module:name` below this package, imported at its call."""

    def run(arguments: argparse.Namespace) -> int:
        module, _, name = target.partition(":")
        code: int = getattr(import_module(f"frontline.{module}"), name)(arguments)
        return code

    run.__name__ = target
    return run
