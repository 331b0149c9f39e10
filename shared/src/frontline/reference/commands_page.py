"""The page about the command line, from the parser that reads it."""

import argparse
from collections.abc import Iterator

from frontline.cli.installed import InstalledParser
from frontline.cli.parser import parser

_HEAD = """# Commands

Written by `make docs` from the code. `frontline COMMAND --help` says the same.

| command | what it does |
| --- | --- |
"""


def commands_page() -> str:
    return _HEAD + "".join(f"| `{line}` | {about} |\n" for line, about in _commands(parser()))


def _commands(of: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    if isinstance(of, InstalledParser):
        of.complete()
    below = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001 - argparse has no other way to ask
    for action in below:
        for command in action.choices.values():
            yield from _commands(command)
    if not below:
        arguments = [_argument(action) for action in of._actions if action.dest != "help"]  # noqa: SLF001 - as above
        yield " ".join([of.prog, *arguments]), of.description or ""


def _argument(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest).upper()
    if not action.option_strings:
        many = {"?": f"[{name}]", "+": f"{name} ...", "*": f"[{name} ...]"}
        return many.get(str(action.nargs), name)
    option = action.option_strings[-1] + ("" if action.nargs == 0 else f" {name}")
    return option if action.required else f"[{option}]"
