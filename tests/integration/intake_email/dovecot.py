"""Dovecot as Debian has it: users, mailboxes and ports of the test's own, run by nobody in particular."""

import asyncio
import grp
import imaplib
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from intake_email.imap_settings import ImapMailbox
from tests.integration.intake_email.daemons import free_port, running
from tests.integration.intake_email.stage import SUPPORT

USER = "box"
PASSWORD = 'päss "word\\'
ACCEPTED = datetime.fromisoformat("2026-05-04T11:59:30+00:00")

_CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
mail_fsync = never
service imap-login {{
  chroot =
  process_min_avail = 1
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
{passdb}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/passwd
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
{more}
"""


class Dovecot:
    """A server that can be stopped and started again. `more` are lines of its configuration."""

    def __init__(
        self, folder: Path, more: str = "", tokens: str = "", certificate: tuple[Path, Path] | None = None
    ) -> None:
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port() if certificate else 0
        self.owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        group = grp.getgrgid(self.owner.pw_gid).gr_name
        passdb = ""
        if tokens:
            (folder / "oauth2").write_text(f"tokeninfo_url = {tokens}?access_token=\nusername_attribute = email\n")
            passdb = f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {folder}/oauth2\n}}"
        (folder / "password").write_text(PASSWORD + "\n")
        (folder / "passwd").write_text("".join(f"{user}:{PASSWORD}\n" for user in (USER, "other")))
        for name, path in zip(("cert", "key"), certificate or (), strict=False):
            (folder / name).write_bytes(path.read_bytes())
        files = f"ssl_cert = <{folder}/cert\nssl_key = <{folder}/key" if certificate else ""
        (folder / "conf").write_text(
            _CONFIG.format(
                folder=folder,
                port=self.port,
                tls_port=self.tls_port,
                ssl="yes" if certificate else "no",
                certificate=files,
                mechanisms="plain login xoauth2" if tokens else "plain login",
                passdb=passdb,
                user=self.owner.pw_name,
                group=group,
                more=more,
            )
        )
        for path in (folder, *folder.iterdir()):
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """It runs inside, and all of its sessions end with it."""
        command = ["/usr/sbin/dovecot", "-F", "-c", str(self.folder / "conf")]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={self.owner.pw_uid}", f"--regid={self.owner.pw_gid}", "--clear-groups",
                       *command]  # fmt: skip
        async with running(command, ready=self.port):
            yield

    def mailbox(self, **parts: Any) -> ImapMailbox:
        given: dict[str, Any] = {
            "name": "support-box",
            "host": "127.0.0.1",
            "port": self.port,
            "tls": "none",
            "user": USER,
            "password_file": self.folder / "password",
            "inbox": SUPPORT,
            **parts,
        }
        return ImapMailbox(**given)

    def lay(self, mails: Iterable[bytes], folder: str = "", *, accepted: datetime = ACCEPTED) -> None:
        """Put mails there as a mail server does, in their order."""
        inside = self.folder / "mail" / USER / (f".{folder}" if folder else "")
        for name in ("", "cur", "new", "tmp"):
            (inside / name).mkdir(parents=True, exist_ok=True)
        if folder:
            (inside / "maildirfolder").touch()
        already = len(list((inside / "new").iterdir())) + len(list((inside / "cur").iterdir()))
        for number, raw in enumerate(mails, already):
            # The name begins with the time of delivery, by which Dovecot numbers what it finds.
            path = inside / "tmp" / f"{1_700_000_000 + number}.M{number}P1.test"
            path.write_bytes(raw)
            os.utime(path, (accepted.timestamp(),) * 2)
            path.rename(inside / "new" / path.name)
        root = self.folder / "mail"
        for path in (root, *root.rglob("*")):
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def forget_uids(self) -> None:
        """What a restored backup does: the same mails under another UIDVALIDITY. To be done while it is stopped."""
        for path in (self.folder / "mail" / USER).glob("dovecot*"):
            path.unlink()
        validity = self.folder / "mail" / USER / "dovecot-uidlist"
        validity.write_text("3 V4102444800 N1 G00000000000000000000000000000001\n")
        os.chown(validity, self.owner.pw_uid, self.owner.pw_gid)

    @contextmanager
    def client(self, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """Somebody else's mail program."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=30) as client:
            client.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            client.select(folder)
            yield client

    def append(self, raw: bytes) -> None:
        with self.client() as client:
            said, _ = client.append("INBOX", "", None, raw)
            assert said == "OK"

    def flags(self, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """By UID, for every mail that is there."""
        with self.client(folder) as client:
            _, found = client.uid("FETCH", "1:*", "(FLAGS)")
        lines = [line for line in found if isinstance(line, bytes)]
        uids = [int(line.partition(b"UID ")[2].split()[0].rstrip(b")")) for line in lines]
        return {uid: tuple(imaplib.ParseFlags(line)) for uid, line in zip(uids, lines, strict=True)}

    def kick(self) -> int:
        """End every session, as a proxy or a net does that fails; how many."""
        killed = 0
        for status in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if f"{self.folder}/conf".encode() in status.read_bytes():
                    name = (status.parent / "comm").read_text().strip()
                    if name == "imap":
                        os.kill(int(status.parent.name), signal.SIGKILL)
                        killed += 1
        return killed


@asynccontextmanager
async def dovecot(**parts: Any) -> AsyncIterator[Dovecot]:
    """A server, running. Its folder has a short name: paths of sockets may not be long."""
    with installed(**parts) as server:
        async with server.serving():
            yield server


@contextmanager
def installed(**parts: Any) -> Iterator[Dovecot]:
    """A server that is not running yet."""
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        yield Dovecot(folder, **parts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def eventually(holds: Any, *, patience: float = 60.0) -> None:
    """Wait until the coroutine function `holds` gives something true."""
    async with asyncio.timeout(patience):
        while not await holds():
            await asyncio.sleep(0.05)
