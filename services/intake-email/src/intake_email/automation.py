"""Who wrote it: a person, an automatic answer, or a machine of its own accord (RFC 3834 and practice); and
what speaks against answering it automatically.

`list` as Precedence says how a mail came and not who wrote it: support addresses are lists at many
companies. Only bulk and junk are machines' words.
"""

import re
from enum import StrEnum

from frontline.contract.message import Automation
from intake_email.bounce import is_robot
from intake_email.header import Headers

_ANSWERING = (b"x-autoreply", b"x-autorespond", b"x-autoresponse", b"x-autoresponder", b"x-mail-autoreply",
              b"x-auto-reply-from", b"x-autoreply-from", b"x-autoreply-domain", b"x-failed-recipients")  # fmt: skip
_OUT_OF_OFFICE = {"all", "oof", "autoreply"}
_KEYWORD = re.compile(r"[a-z-]+")
# What programs write before the subject that they answer; a person's answer to that begins with "Re:".
_ANSWERS = re.compile(
    r"(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response|responder)|out[ -]of[ -](?:the[ -])?office(?: autoreply)?|"
    r"automatische antwort|abwesenheitsnotiz|abwesenheitsassistent|réponse automatique|absence du bureau|"
    r"respuesta automática|fuera de la oficina|risposta automatica|fuori sede|resposta automática|ausência temporária|"
    r"automatisch antwoord|afwezigheidsbericht|autosvar|automatiskt? svar|frånvaro|fravær|automaattinen vastaus|poissa|"
    r"odpowiedź automatyczna|autoodpowiedź|automatická odpověď|automatická odpoveď|automatikus válasz|răspuns automat|"
    r"автоответ|автоматический ответ|автоматична відповідь|автоматичен отговор|αυτόματη απάντηση|otomatik yanıt|自动答复|"
    r"自动回复|自動回覆|自動応答|不在通知|자동 회신|부재중|رد تلقائي|מענה אוטומטי)\s?[:：]",
    re.IGNORECASE,
)
_NO_REPLY = re.compile(
    r"(?:do[._-]?not|no)[._-]?reply|noresponder|nepasrepondre|ne-pas-repondre|keine-?antwort|nao-?responda"
)
_LISTS = (b"list-id", b"list-post", b"list-unsubscribe", b"mailing-list", b"x-mailing-list", b"x-listserver")


class MailKind(StrEnum):
    """What kind of mail it is, finer than `Automation`. Kept in the message's `native` part."""

    PERSON = "person"
    LIST = "list"
    AUTO_REPLIED = "auto_replied"
    AUTO_GENERATED = "auto_generated"
    CALENDAR_REPLY = "calendar_reply"
    BOUNCE = "bounce"
    RECEIPT = "receipt"
    COMPLAINT = "complaint"


def automation(headers: Headers, *, sender: str, return_path: str | None, is_report: bool) -> Automation:
    """What the fields say. `return_path` is the envelope's sender, "" for the null one of bounces
    (RFC 5321, 4.5.5), `None` when it isn't known. A mail that says `no` of itself is believed.
    """
    said = _auto_submitted(headers)
    if said == "no":
        return Automation.NO
    if said == "auto-replied" or return_path == "" or is_report or is_robot(sender):
        return Automation.AUTO_REPLIED
    if any(_says_yes(headers, name) for name in _ANSWERING if name in headers) or _answers_by_practice(headers):
        return Automation.AUTO_REPLIED
    suppressed = _suppressed(headers) & _OUT_OF_OFFICE
    if said or suppressed:
        # Exchange's absence notices call themselves "auto-generated"; what tells them is that they answer a mail.
        answers = b"in-reply-to" in headers and bool(suppressed)
        return Automation.AUTO_REPLIED if answers else Automation.AUTO_GENERATED
    machine = headers.first(b"precedence").lower() in {"bulk", "junk"} or b"x-fc-machinegenerated" in headers
    return Automation.AUTO_GENERATED if machine else Automation.NO


def quiet(headers: Headers, *, sender: str, return_path: str | None) -> tuple[str, ...]:
    """Why no automatic answer may be sent, in words of a fixed set; nothing where one may be.

    RFC 3834 (2), RFC 5230 (4.6) and practice: whoever answers one of these makes a loop, or a nuisance.
    """
    local = sender.partition("@")[0]
    said = _auto_submitted(headers)
    # Most mail has none of these fields.
    reasons = {
        "auto_submitted": said not in ("", "no"),
        "null_sender": return_path == "",
        "robot": is_robot(sender) or local.startswith(("owner-", "listserv", "majordomo")),
        "no_reply_address": _NO_REPLY.match(local) is not None,
        "precedence": headers.first(b"precedence").lower() in {"bulk", "junk", "list", "auto_reply", "auto-reply"},
        "list": any(name in headers for name in _LISTS),
        "suppressed": bool(_suppressed(headers) & {"all", "autoreply"}),
        "answering_machine": any(name in headers for name in _ANSWERING),
        "loop": b"x-loop" in headers,
        "campaign": b"feedback-id" in headers or b"x-campaign" in headers or b"x-campaignid" in headers,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def is_list(headers: Headers) -> bool:
    """Whether it came over a mailing list (RFC 2919, RFC 2369)."""
    listed = b"list-id" in headers or b"list-post" in headers or b"mailing-list" in headers
    return listed or headers.first(b"precedence").lower() == "list"


def _answers_by_practice(headers: Headers) -> bool:
    if headers.first(b"precedence").lower().startswith(("auto_reply", "auto-reply")):
        return True
    if headers.first(b"preference").lower() == "auto_reply" or headers.first(b"x-autogenerated").lower() == "reply":
        return True
    source = headers.first(b"x-ms-exchange-generated-message-source").lower()
    if source.startswith("mailbox rules agent") and b"in-reply-to" in headers:
        return True
    if "autoresponder" in headers.first(b"x-post-messageclass").lower():
        return True
    return _ANSWERS.match(headers.text(b"subject")) is not None


def _auto_submitted(headers: Headers) -> str:
    """The field's keyword, without parameters and comments; "" for none."""
    said = headers.first(b"auto-submitted").lower()
    found = _KEYWORD.match(said)
    return found[0] if found else said[:20]


def _suppressed(headers: Headers) -> set[str]:
    said = headers.first(b"x-auto-response-suppress")
    return {word.strip().lower() for word in said.split(",")} if said else set()


def _says_yes(headers: Headers, name: bytes) -> bool:
    return headers.first(name).lower() not in {"no", "false", "0"}
