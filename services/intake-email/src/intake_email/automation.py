"""Who wrote it: a person, an automatic answer, or a machine of its own accord (RFC 3834 and practice).

`list` as Precedence says how a mail came and not who wrote it: support addresses are lists at many
companies. Only bulk and junk are machines' words.
"""

from frontline.contract.message import Automation
from intake_email.header import Headers

_ANSWERING = (b"x-autoreply", b"x-autorespond", b"x-autoresponse", b"x-autoresponder", b"x-mail-autoreply",
              b"x-auto-reply-from", b"x-autoreply-from", b"x-failed-recipients")  # fmt: skip
_ROBOTS = ("mailer-daemon@", "postmaster@")
_OUT_OF_OFFICE = {"all", "oof", "autoreply"}


def automation(headers: Headers, *, sender: str, return_path: str | None, is_report: bool) -> Automation:
    """What the fields say. `return_path` is the envelope's sender, "" for the null one of bounces
    (RFC 5321, 4.5.5), `None` when it isn't known. A mail that says `no` of itself is believed.
    """
    said = headers.first(b"auto-submitted").partition(";")[0].strip().lower()
    if said == "no":
        return Automation.NO
    if said == "auto-replied" or return_path == "" or is_report or sender.startswith(_ROBOTS):
        return Automation.AUTO_REPLIED
    precedence = headers.first(b"precedence").lower()
    if precedence.startswith(("auto_reply", "auto-reply")) or any(_says_yes(headers, name) for name in _ANSWERING):
        return Automation.AUTO_REPLIED
    suppressed = {word.strip().lower() for word in headers.first(b"x-auto-response-suppress").split(",")}
    if said or suppressed & _OUT_OF_OFFICE:
        # Exchange's absence notices call themselves "auto-generated"; what tells them is that they answer a mail.
        answers = b"in-reply-to" in headers and bool(suppressed & _OUT_OF_OFFICE)
        return Automation.AUTO_REPLIED if answers else Automation.AUTO_GENERATED
    return Automation.AUTO_GENERATED if precedence in {"bulk", "junk"} else Automation.NO


def _says_yes(headers: Headers, name: bytes) -> bool:
    return name in headers and headers.first(name).lower() not in {"no", "false", "0"}
