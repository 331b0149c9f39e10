"""`frontline mail reconcile`: whether everything that lies in the mailboxes lies here as well."""

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from frontline.contract.channel import Host, Receive
from frontline.contract.error import Mistake, Reason, Rejected, SettingsError, Unavailable
from intake_email.channel import EmailChannel
from intake_email.imap_client import ImapError
from intake_email.imap_folder import Folder
from intake_email.imap_login import Login
from intake_email.imap_settings import ImapMailbox
from intake_email.normalize import CHANNEL
from intake_email.reporting import Reporting
from intake_email.settings import EmailSettings


def add(parser: ArgumentParser) -> None:
    """See `frontline.cli.installed`."""
    parser.epilog = "Runs with the settings and the NATS user of the e-mail intake."
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "compare what lies in the mailboxes that are read by IMAP with what was taken in"
    reconcile = commands.add_parser("reconcile", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    reconcile.add_argument("--mailbox", help="only this one, by its name in the settings")
    reconcile.add_argument("--take", action="store_true", help="take in what is missing")
    reconcile.set_defaults(channel=CHANNEL, hosted=_reconcile)


async def _reconcile(arguments: Namespace, settings: EmailSettings, host: Host, receive: Receive) -> int:
    """One line for each folder, one below it for each mail that is missing; 1 if any is missing in the end."""
    chosen = [each for each in settings.imap_mailboxes if arguments.mailbox in (None, each.name)]
    if not chosen and arguments.mailbox is not None:
        raise Rejected(f"there is no mailbox {arguments.mailbox} in the settings", Reason.NOT_FOUND)
    if not chosen:
        raise SettingsError([Mistake("imap_mailboxes", "there are none in the settings")])
    channel = EmailChannel(settings, host, lambda: datetime.now(UTC))
    mailboxes = channel.mailboxes(Reporting(receive, host.conversations, host.log, host.meter))
    missing = 0
    for mailbox in chosen:
        for folder in mailboxes.folders(mailbox):
            try:
                missing += await _compare(mailbox, folder, settings, take=arguments.take)
            except (ImapError, OSError, TimeoutError) as error:
                why = str(error) if isinstance(error, ImapError) else type(error).__name__
                raise Unavailable(f"{mailbox.name} {folder.name}: {why}") from error
    return 1 if missing else 0


async def _compare(mailbox: ImapMailbox, folder: Folder, settings: EmailSettings, *, take: bool) -> int:
    missing: list[int] = []
    client = await Login(mailbox, settings.imap_timeout).enter()
    try:
        await folder.open(client)
        await folder.compare(client, take=take, missing=missing.append)
    finally:
        await client.close()
    there, held = folder.counts
    sys.stdout.write(f"{mailbox.name} {folder.name}: {there} there, {held} taken in, {len(missing)} missing\n")
    for uid in missing:
        sys.stdout.write(f"  UID {uid}\n")
    return len(missing)
