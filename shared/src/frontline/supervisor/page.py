"""What the terminal shows when all are ready."""

from collections.abc import Sequence
from pathlib import Path

from frontline.configuration.model import Configuration, Inbox
from frontline.supervisor.home import Home
from frontline.supervisor.record import UpRecord


def ready_page(
    configuration: Configuration, record: UpRecord, home: Home, *, absent: Sequence[str], relay: str, seconds: float
) -> str:
    """Addresses, and what to try with them. Shows no secret. `relay` is where mail goes out, empty for the mailbox."""
    rows = [
        ("Agents and API", record.router),
        ("Mail in (SMTP)", record.smtp),
        ("Mail out", (relay or f"{shown(home.mailbox)}{'/'}") if record.smtp else None),
        ("Chat", record.chat),
        ("Phone", record.phone),
        ("NATS", record.nats.rpartition("@")[2].join(("nats://", "")) if "@" in record.nats else record.nats),
        *((f"Health of {name}", f"http://{ops}/healthz/ready") for name, ops in sorted(record.ops.items())),
        ("Tokens, ports", shown(home.up)),
        ("Logs", f"{shown(home.log)}/"),
    ]
    lines = [f"Frontline is ready after {seconds:.1f} s. Ctrl-C ends it.", "", *_columns(rows), ""]
    for desk in configuration.desks:
        lines += [f"Desk {desk.id}", *_columns([(_what(inbox, absent), inbox.address) for inbox in desk.inboxes])]
        lines += [*_columns([(f"agent {agent.id}", agent.name) for agent in desk.agents]), ""]
    return "\n".join([*lines, *_try(configuration, record)])


def shown(path: Path) -> str:
    """A path as a person would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _what(inbox: Inbox, absent: Sequence[str]) -> str:
    return f"{inbox.channel} {inbox.id}" + (" (not installed)" if inbox.channel in absent else "")


def _columns(rows: Sequence[tuple[str, str | None]]) -> list[str]:
    there = [(name, value) for name, value in rows if value]
    width = max((len(name) for name, _ in there), default=0)
    return [f"  {name:<{width}}  {value}" for name, value in there]


def _try(configuration: Configuration, record: UpRecord) -> list[str]:
    mail = next((inbox for desk in configuration.desks for inbox in desk.inboxes if inbox.channel == "email"), None)
    lines = []
    if record.smtp and mail is not None:
        lines += [
            "  printf 'From: you@customer.example\\nSubject: Printer on fire\\n\\nPlease come.\\n' |",
            f"    curl -s smtp://{record.smtp} --mail-from you@customer.example --mail-rcpt {mail.address} -T -",
        ]
    if record.router and record.agents:
        lines += [
            f'  curl -s -H "Authorization: Bearer $(frontline token {record.agents[0].id})" {record.router}/api/contacts'
        ]
    return ["Try", *lines, ""] if lines else []
