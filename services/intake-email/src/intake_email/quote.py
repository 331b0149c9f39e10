"""What somebody wrote now, apart from what they quote and how they sign.

It stands beside the whole text and never in place of it. A forwarded mail is the message itself and
stays. Where nothing would be left, everything is.
"""

import re

_LONGEST_ATTRIBUTION = 500
_LINES = 3
"""How many an attribution may be broken into."""
_MARKS = {"-", "_", "—", "*", "b", "B", "a", "A"}
"""What a divider or the heading of a forwarded mail begins with."""

_ATTRIBUTION_START = re.compile(
    r"\s*(?:on|am|le|el|il|op|em|den|dnia|w dniu|în|dne|på|pe|в|\d{1,4}[./年-]|.{1,80}<[^<>\s]{3,100}>)", re.IGNORECASE
)
_ATTRIBUTION = re.compile(
    r".{0,300}?(?:\b(?:wrote|writes|schrieb|a écrit|écrivait|escribió|ha scritto|scrisse|schreef|escreveu|skrev|"
    r"napisał|napisała|napisał\(a\)|pisze|napsal|napsala|napsal\(a\)|kirjoitti|a scris|написал|написала|пишет)(?!\w)|"
    r"写道|のメール|님이 작성).{0,200}[:：]\s*",
    re.IGNORECASE,
)
_DIVIDER = re.compile(
    r"\s*[-_—*]{3,}\s*(?:original message|original appointment|ursprüngliche nachricht|message d'origine|"
    r"message original|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht|"
    r"ursprungligt meddelande|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|wiadomość oryginalna|"
    r"исходное сообщение|原始邮件|元のメッセージ)\s*[-_—*]{0,20}\s*",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"\s*(?:[-_—*]{3,}\s*(?:forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|"
    r"messaggio inoltrato|doorgestuurd bericht|vidarebefordrat meddelande)|begin forwarded message:|"
    r"anfang der weitergeleiteten nachricht)",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"\s*\*?(?:from|von|de|da|van|från|fra|od|lähettäjä|от|发件人|寄件者|差出人|보낸 사람)\s?[:：]\*?\s*\S",
    re.IGNORECASE,
)
_SENT = re.compile(
    r"\s*\*?(?:sent|date|gesendet|datum|envoyé|fecha|enviado|enviado el|inviato|data|verzonden|skickat|sendt|"
    r"wysłano|lähetetty|отправлено|дата|发送时间|日期|寄件日期|送信日時|日時|날짜)\s?[:：]",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"--\s?\Z")
_DEVICE = re.compile(
    r"(?:sent from (?:my|mail|outlook|yahoo|proton)|sent via|get outlook for|von meinem .{1,40} gesendet|gesendet (?:von|mit)|"
    r"envoyé (?:de|depuis)|enviado (?:desde|do meu)|inviato da|verstuurd (?:vanaf|met)|skickat från|sendt fra|"
    r"wysłane z|отправлено (?:с|из)|从我的.{1,20}发送).{0,80}\Z",
    re.IGNORECASE,
)


def reply_text(text: str) -> str:
    """`text` without quotes, their headings and the signature; all of it when that would be nothing."""
    whole = text.strip()
    if "\n" not in whole:
        return whole
    lines = whole.split("\n")
    own = _own(lines)
    unsigned = _joined(_unsigned(own))
    if unsigned or len(own) == len(lines):
        return unsigned or whole
    return _joined(own) or whole


def _own(lines: list[str]) -> list[str]:
    """The lines that are no quote, up to where a quote begins that does not mark its lines."""
    own: list[str] = []
    at = 0
    # All that is looked for has a colon near or begins with a mark; most lines have neither.
    colons = [at for at, line in enumerate(lines) if ":" in line or "：" in line]
    near = {at - back for at in colons for back in range(_LINES)}
    while at < len(lines):
        line = lines[at]
        if line.startswith(">"):
            at += 1
            continue
        if at not in near and line.lstrip()[:1] not in _MARKS:
            own.append(line)
            at += 1
            continue
        if _FORWARD.match(line):
            return own + lines[at:]
        if _DIVIDER.fullmatch(line) or _heads_a_block(lines, at):
            break
        length = _attribution(lines, at)
        if length:
            at += length
            if not _quote_follows(lines, at):
                break
            continue
        own.append(line)
        at += 1
    return own


def _heads_a_block(lines: list[str], at: int) -> bool:
    """Whether a quoted mail's own header (From, Sent, To, Subject) begins here."""
    return _FROM.match(lines[at]) is not None and any(_SENT.match(line) for line in lines[at + 1 : at + 4])


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here on say who wrote what follows; 0 for none."""
    if not _ATTRIBUTION_START.match(lines[at]):
        return 0
    joined = ""
    for count, line in enumerate(lines[at : at + _LINES], 1):
        joined = f"{joined} {line.strip()}".strip()
        if not line.strip() or len(joined) > _LONGEST_ATTRIBUTION:
            return 0
        if joined.endswith((":", "：")):
            return count if _ATTRIBUTION.fullmatch(joined) else 0
    return 0


def _quote_follows(lines: list[str], at: int) -> bool:
    for line in lines[at : at + 3]:
        if line.strip():
            return line.startswith(">")
    return False


def _unsigned(lines: list[str]) -> list[str]:
    for at, line in enumerate(lines):
        if _SIGNATURE.match(line):
            lines = lines[:at]
            break
    end = len(lines)
    while end and (not lines[end - 1].strip() or _DEVICE.match(lines[end - 1].strip()) or _is_rule(lines[end - 1])):
        end -= 1
    return lines[:end]


def _is_rule(line: str) -> bool:
    """The line of underscores that Outlook puts before a quoted mail's header."""
    return len(line.strip()) > 4 and not line.strip("_ ")


def _joined(lines: list[str]) -> str:
    """The lines as a text, with no more than one empty line together."""
    kept = [line.rstrip() for line in lines]
    return "\n".join(line for at, line in enumerate(kept) if line or (at and kept[at - 1])).strip()
