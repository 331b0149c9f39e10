"""What the terminal shows when all are ready."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

from frontline.configuration.model import Configuration, Inbox
from frontline.supervisor.home import Home
from frontline.supervisor.record import UpRecord

_NEEDED_AGAIN = ("FRONTLINE_DATA_DIR", "FRONTLINE_CONFIG")


def ready_page(
    configuration: Configuration,
    record: UpRecord,
    home: Home,
    *,
    absent: Sequence[str],
    mail_out: str,
    seconds: float,
    command: str,
) -> str:
    """Addresses, and what to try with them. Shows no secret. `mail_out` is a relay or a folder;
    `command` is how a person would call us here.
    """
    rows = [
        ("Agents' page", f"{record.router}/" if record.router else None),
        ("API", f"{record.router}/api" if record.router else None),
        ("Mail in (SMTP)", record.smtp),
        ("Mail out", mail_out if record.smtp else None),
        ("Chat", record.chat),
        ("Phone", record.phone),
        ("NATS", record.nats.rpartition("@")[2].join(("nats://", "")) if "@" in record.nats else record.nats),
        *((f"Health of {name}", f"http://{ops}/healthz/ready") for name, ops in sorted(record.ops.items())),
        ("Tokens, ports", shown(home.up)),
        ("Logs", f"{shown(home.log)}/"),
    ]
    lines = [f"Frontline is ready after {seconds:.1f} s. Ctrl-C ends it.", "", *_columns(rows), ""]
    for desk in configuration.desks:
        inboxes = [(f"{inbox.channel} inbox {inbox.id}", _address(inbox, absent)) for inbox in desk.inboxes]
        agents = [(f"agent {agent.id}", agent.name) for agent in desk.agents]
        lines += [f"Desk {desk.id}", *_columns([*inboxes, *agents]), ""]
    return "\n".join([*lines, *_try(configuration, record, command)])


def own_command(environ: Mapping[str, str]) -> str:
    """How to call us again, for the same data directory, as a person would type it here."""
    called = Path(sys.argv[0])
    if called.name != "frontline":
        command = f"{shown(Path(sys.executable))} -m frontline"
    elif shutil.which("frontline") == str(called.absolute()):
        command = "frontline"
    else:
        command = shown(called.absolute())
    told = [f"{name}={quote(environ[name])}" for name in _NEEDED_AGAIN if environ.get(name)]
    return " ".join([*told, command])


def shown(path: Path) -> str:
    """A path as a person would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _address(inbox: Inbox, absent: Sequence[str]) -> str:
    return inbox.address + (f" ({inbox.channel} is not installed)" if inbox.channel in absent else "")


def _columns(rows: Sequence[tuple[str, str | None]]) -> list[str]:
    there = [(name, value) for name, value in rows if value]
    width = max((len(name) for name, _ in there), default=0)
    return [f"  {name:<{width}}  {value}" for name, value in there]


def _try(configuration: Configuration, record: UpRecord, command: str) -> list[str]:
    mail = next((inbox for desk in configuration.desks for inbox in desk.inboxes if inbox.channel == "email"), None)
    lines = []
    if record.smtp and mail is not None:
        lines += [
            "  printf 'From: you@customer.example\\nSubject: Printer on fire\\n\\nPlease come.\\n' |",
            f"    curl -s smtp://{record.smtp} --mail-from you@customer.example --mail-rcpt {mail.address} -T -",
        ]
    if record.router and record.agents:
        lines += [
            f'  curl -s -H "Authorization: Bearer $({command} token {record.agents[0].id})" {record.router}/api/contacts'
        ]
    return ["Try", *lines, ""] if lines else []
