"""Bounces that keep to no standard: qmail, old Exim, Exchange 5.5, Sendmail's transcripts, Domino, MailEnable,
hMailServer, and the text of providers that say it in their own words.
"""

import re
from typing import NamedTuple

from intake_email.address import canonical_address, mailboxes
from intake_email.header import Headers

_READ = 16 * 1024
"""Letters that are looked at; what is said stands above the returned mail."""
_MOST_ADDRESSES = 20

_DAEMONS = ("mailer-daemon", "mailerdaemon", "mail-daemon", "mailer_daemon", "maildaemon", "microsoftexchange")
_ROBOTS = (*_DAEMONS, "postmaster", "mmdf", "uucp", "bounce", "bounces", "mdaemon", "system-administrator", "mailadmin")
DAEMON = re.compile(f"(?:{'|'.join(_DAEMONS)})(?![a-z])")
"""The beginning of an address that no person has, in small letters."""
ROBOT = re.compile(f"(?:{'|'.join(_ROBOTS)})(?![a-z])")
"""The same of those behind which there may be one; "bouncer@" is somebody."""

_SAYS = re.compile(
    r"this is the qmail-send program|qmail-send program at|mail delivery software|created automatically by mail|"
    r"mail delivery (?:failed|system|subsystem|failure|error|status)|delivery (?:to the following|has failed|failed|failure)|"
    r"(?:could|can|was|were|is|has|have) ?(?:not|n't|never) (?:be |been |yet been )?(?:delivered|sent|deliverable)|"
    r"cannot be delivered|unable to deliver|undeliverable|undelivered|did not reach|message not delivered|"
    r"had (?:permanent|transient) (?:fatal|non-fatal) errors|transcript of session follows|returned to sender|"
    r"returned mail|delivery report|delivery notification|permanent (?:fatal )?error|non-?delivery|recipients? could not be reached|"
    r"not listed in (?:the )?(?:domino|public|address)|no such (?:user|recipient|mailbox)|mailbox (?:is )?(?:full|unavailable)|"
    r"unzustellbar|konnte(?:n)? nicht (?:zugestellt|ausgeliefert)|nicht zustellbar|n'a pas pu être (?:remis|distribué|délivré)|"
    r"non (?:è stato possibile|recapitabile|è stato recapitato)|no se (?:ha podido|pudo) entregar|não (?:pôde|foi) (?:ser )?entregue|"
    r"kon niet worden (?:bezorgd|afgeleverd)|не (?:может быть )?доставлен|не удалось доставить|недоставлен|配信できません|"
    r"送信できません|無法傳遞|无法投递|退信|delivery is delayed|delayed (?:mail|message)|message delayed|still being retried|"
    r"warning: could not send|not yet been delivered",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"has not yet been delivered|delivery (?:is |has been )?delayed|delayed (?:mail|message)|message (?:is )?delayed|"
    r"warning: (?:could not send|message .{0,60}delayed)|warning message only|you do not need to (?:resend|do anything)|"
    r"will (?:be retried|keep trying|continue to (?:try|be)|be attempted)|still (?:being retried|trying)|"
    r"delivery attempts will continue|transient non-fatal|wird weiter versucht|zustellung verzögert",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"(?im)^[-_* =>]{0,40}(?:below this line is a copy|(?:this is )?a copy of (?:the|your) message|the headers? of the original|"
    r"original message|message headers? follow|unsent message|returned message|undelivered message|original headers|"
    r"return-path:|received: from)"
)
_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])(?! ?(?:bytes|kb|mb))", re.IGNORECASE)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9]")
_FULL = re.compile(
    r"mailbox (?:is )?full|over ?quota|quota (?:is )?exceeded|exceeded .{0,30}quota|storage", re.IGNORECASE
)
_UNKNOWN = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|mailbox|address)|does(?: not|n't) exist|not listed in|"
    r"no mailbox here|invalid recipient|unrouteable|unknown (?:address|recipient|account)|account .{0,30}disabled|"
    r"unbekannt|existiert nicht",
    re.IGNORECASE,
)
_TIMED_OUT = re.compile(r"timed? ?out|retry time|connection refused|could not connect|too long|expired", re.IGNORECASE)


class Told(NamedTuple):
    """What a bounce says in words. `status` is a code of RFC 3463, its last two numbers from what is said."""

    delayed: bool
    addresses: tuple[str, ...]
    status: str
    why: str


def is_robot(sender: str) -> bool:
    """Whether an address is one that mail systems write from."""
    return ROBOT.match(sender) is not None


def told_in_text(headers: Headers, text: str, *, returned: bool, sure: bool) -> Told | None:
    """What `text` says of a mail that did not arrive, `None` if it is no such text.

    `returned` tells that the mail came back as a part, `sure` that a mail system wrote this. Others
    (an absence notice has the null return path, too) have to show more than words.
    """
    head = text[:_READ]
    copy = _COPY.search(head)
    said = head[: copy.start()] if copy and copy.start() > 40 else head
    named = _SAYS.search(said) or _SAYS.search(headers.text(b"subject")[:200])
    failed = b"x-failed-recipients" in headers
    if not failed and (named is None or not (sure or returned or copy or _STATUS.search(said))):
        return None
    delayed = _DELAYED.search(said) is not None or _DELAYED.search(headers.text(b"subject")[:200]) is not None
    addresses = _addresses(headers, said)
    return Told(delayed, addresses, _status(said, delayed=delayed), _why(said, addresses))


def _addresses(headers: Headers, said: str) -> tuple[str, ...]:
    failed = headers.first(b"x-failed-recipients")
    if failed:
        return tuple(dict.fromkeys(box.address for box in mailboxes(failed)))[:_MOST_ADDRESSES]
    ours = {box.address for name in (b"to", b"from", b"reply-to") for box in mailboxes(headers.first(name))}
    found = dict.fromkeys(canonical_address(match.strip("'.")) for match in _ADDRESS.findall(said))
    others = [each for each in found if each and each not in ours and not is_robot(each)]
    return tuple(others[:1])  # who else is named may be the sender, a relay, a help desk


def _status(said: str, *, delayed: bool) -> str:
    found = _STATUS.search(said)
    if found:
        return found[1]
    code = _REPLY_CODE.search(said)
    first = code[1] if code else "4" if delayed else "5"
    for words, rest in ((_FULL, "2.2"), (_UNKNOWN, "1.1"), (_TIMED_OUT, "4.7")):
        if words.search(said):
            return f"{first}.{rest}"
    return f"{first}.0.0"


def _why(said: str, addresses: tuple[str, ...]) -> str:
    """The line that gives the reason: one with a code, else what follows the address."""
    lines = [line.strip() for line in said.split("\n")]
    for line in lines:
        if _STATUS.search(line) or _REPLY_CODE.search(line) or _UNKNOWN.search(line) or _FULL.search(line):
            return line[:300]
    for at, line in enumerate(lines):
        if addresses and addresses[0] in line.lower():
            return next((other for other in lines[at + 1 : at + 4] if other), "")[:300]
    return ""
