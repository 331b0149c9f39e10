"""`frontline desk simulate | arrivals | import-rota`: what would happen if, and what it is asked with."""

import csv
import sqlite3
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from zoneinfo import available_timezones

from frontline.configuration.load import load, load_texts
from frontline.configuration.model import Configuration, Desk
from frontline.contract.error import Mistake, SettingsError
from router.core.desk_settings import DeskSettings
from router.desk import applying
from router.desk.settings import desk_settings
from router.rota.ics_in import shifts_of
from router.rota.toml import toml_of
from router.simulate.drawing import draw
from router.simulate.example import DAY, DESK
from router.simulate.figures import Figures, figures
from router.simulate.hints import hints
from router.simulate.more import with_more
from router.simulate.picture import picture
from router.simulate.play import play
from router.simulate.scenario import Scenario, read_scenario, scenario_of
from router.simulate.table import lines

_INDEX = "read-index.sqlite3"


def add(parser: ArgumentParser) -> None:
    """The command's arguments; `act` of what they parse to takes them and the environment."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    applying.add(commands)
    about = "play a day over and over: waits, service levels, who is busy; and what one more would change"
    simulate = commands.add_parser("simulate", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    simulate.add_argument("day", nargs="?", type=Path, help="a day as TOML (unset: an example)")
    simulate.add_argument("--config", type=Path, help="the desk (unset: FRONTLINE_CONFIG, or the example's)")
    other = simulate.add_mutually_exclusive_group()
    other.add_argument(
        "--more", metavar="N@HH:MM-HH:MM", help="against the same with so many people more, as 1@09:00-12:00"
    )
    other.add_argument("--against", type=Path, metavar="CONFIG", help="against another configuration of the desk")
    simulate.add_argument("--picture", type=Path, metavar="FILE", help="draw it, too, as SVG: a name that ends in .svg")
    simulate.add_argument("--runs", type=int, default=20, help="how often the day is played (20)")
    simulate.add_argument("--seed", type=int, default=1, help="the chance to play by; the same gives the same (1)")
    simulate.add_argument(
        "--example", type=Path, metavar="FOLDER", help="write the example there to begin with, and stop"
    )
    simulate.set_defaults(act=_simulate)

    about = "who came when, from a router's read index, as CSV for a day to be simulated"
    arrivals = commands.add_parser("arrivals", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    arrivals.add_argument("folder", type=Path, help="the router's index_dir")
    arrivals.set_defaults(act=_arrivals)

    about = "shifts from an iCalendar file, as TOML for the configuration"
    rota = commands.add_parser("import-rota", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    rota.add_argument("file", type=Path)
    rota.add_argument("--config", type=Path, help="whose agents are meant (unset: FRONTLINE_CONFIG)")
    rota.add_argument("--desk", default="", help="of several (unset: the first)")
    rota.add_argument("--zone", default="UTC", help="of times without one (UTC)")
    rota.set_defaults(act=_import_rota)


def _simulate(arguments: Namespace, environ: Mapping[str, str]) -> int:
    if arguments.example is not None:
        return _write_example(arguments.example)
    if arguments.runs < 1:
        raise SettingsError([Mistake("--runs", "must be 1 or more")])
    if arguments.picture is not None and arguments.picture.suffix.lower() != ".svg":
        raise SettingsError([Mistake("--picture", f"is drawn as SVG: name it {arguments.picture.with_suffix('.svg')}")])
    scenario = scenario_of("the example", DAY) if arguments.day is None else read_scenario(arguments.day)
    if arguments.day is None:
        _say("No day is named: this is the example. --example FOLDER writes it down, to make it yours.\n")
    base = _settings(_configuration(arguments.config, environ, example=arguments.day is None), scenario)
    desks = [("as it is", base)]
    if arguments.more is not None:
        desks.append((f"with {arguments.more}", with_more(base, arguments.more, zone=scenario.zone)))
    if arguments.against is not None:
        names = _names_of(arguments.config, arguments.against)
        desks = list(zip(names, (base, _settings(load(arguments.against), scenario)), strict=True))
    _check(scenario, desks)
    folder = Path() if arguments.day is None else arguments.day.parent
    found = [_played(name, settings, scenario, arguments, folder) for name, settings in desks]
    for line in lines(found, scenario.level):
        _say(line)
    for hint in hints(scenario, found):
        _say(hint)
    if arguments.picture is not None:
        about = f"{scenario.day:%A %d %B %Y}, {scenario.zone}; average of {found[0].days} simulated days"
        title = "The desk, day by day" if len(found) == 1 else f"{found[0].name}, or {found[1].name}?"
        _write(
            arguments.picture, picture(found, title=title[:1].upper() + title[1:], about=about, level=scenario.level)
        )
    return 0


def _played(name: str, settings: DeskSettings, scenario: Scenario, arguments: Namespace, folder: Path) -> Figures:
    seeds = range(arguments.seed, arguments.seed + arguments.runs)
    runs = [play(draw(scenario, settings, seed, folder)) for seed in seeds]
    return figures(name, runs, days=scenario.days, level=scenario.level, place=scenario.place)


def _settings(configuration: Configuration, scenario: Scenario) -> DeskSettings:
    return desk_settings(configuration, _desk(configuration, scenario.desk))


def _desk(configuration: Configuration, name: str) -> Desk:
    found = [desk for desk in configuration.desks if desk.id == name] if name else list(configuration.desks[:1])
    if not found:
        raise SettingsError([Mistake(name, f"is no desk of this configuration; it has {_names(configuration.desks)}")])
    return found[0]


def _check(scenario: Scenario, desks: Sequence[tuple[str, DeskSettings]]) -> None:
    mistakes = []
    for name, settings in desks:
        desk = "the desk" if len(desks) == 1 else f"the desk {name}"
        inboxes = {(inbox.channel, inbox.id) for inbox in settings.inboxes}
        agents = {agent.id for agent in settings.agents}
        mistakes += [
            Mistake("arrivals", f"{desk} has no {coming.channel} inbox {coming.inbox}")
            for coming in scenario.arrivals
            if (coming.channel, coming.inbox) not in inboxes
        ]
        mistakes += [
            Mistake("absence", f"{desk} has no agent {away.agent}")
            for away in scenario.absences
            if away.agent not in agents
        ]
    if mistakes:
        raise SettingsError(list(dict.fromkeys(mistakes)))


def _configuration(path: Path | None, environ: Mapping[str, str], *, example: bool = False) -> Configuration:
    if path is None and (named := environ.get("FRONTLINE_CONFIG")) and not example:
        path = Path(named)
    if path is None and not example:
        raise SettingsError([Mistake("FRONTLINE_CONFIG", "is not set: name a configuration with --config")])
    return load_texts([("the example", DESK.encode())]) if path is None else load(path)


def _write_example(folder: Path) -> int:
    for name, text in (("desk.toml", DESK), ("monday.toml", DAY)):
        path = folder / name
        if path.exists():
            raise SettingsError([Mistake(str(path), "is there already and stays as it is; name another folder")])
        _write(path, text)
    _say(f"Wrote {folder / 'desk.toml'} and {folder / 'monday.toml'}. Make them yours, then:")
    _say(f"  frontline desk simulate {folder / 'monday.toml'} --config {folder / 'desk.toml'}")
    return 0


def _arrivals(arguments: Namespace, _environ: Mapping[str, str]) -> int:
    path = arguments.folder / _INDEX
    if not path.is_file():
        raise SettingsError([Mistake(str(path), "is no read index: name the index_dir of a router")])
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as index:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(("at", "desk", "channel", "inbox"))
            writer.writerows(index.execute("SELECT opened_at, desk, channel, inbox FROM contact ORDER BY opened_at"))
    except sqlite3.DatabaseError as error:
        raise SettingsError([Mistake(str(path), f"can't be read: {error}")]) from error
    return 0


def _import_rota(arguments: Namespace, environ: Mapping[str, str]) -> int:
    if arguments.zone not in available_timezones():
        raise SettingsError([Mistake("--zone", f"{arguments.zone!r} is not a time zone that this machine knows")])
    desk = _desk(_configuration(arguments.config, environ), arguments.desk)
    try:
        data = arguments.file.read_bytes()
    except OSError as error:
        raise SettingsError([Mistake(str(arguments.file), f"can't be read: {error.strerror}")]) from error
    shifts, mistakes = shifts_of(data, people={agent.id: agent.name for agent in desk.agents}, zone=arguments.zone)
    if mistakes:
        raise SettingsError([Mistake(f"{arguments.file}, {mistake.where}", mistake.what) for mistake in mistakes])
    _say(toml_of(shifts).rstrip("\n"))
    return 0


def _names_of(config: Path | None, other: Path) -> tuple[str, str]:
    """What two configurations are called in the table, told apart also where their files are named alike."""
    if config is None:
        return "as it is", other.stem
    return (config.stem, other.stem) if config.stem != other.stem else (str(config), str(other))


def _names(desks: Iterable[Desk]) -> str:
    return ", ".join(desk.id for desk in desks)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise SettingsError([Mistake(str(path), f"can't be written: {error.strerror}")]) from error


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
