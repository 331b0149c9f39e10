"""Whether a mail hands on another one. Such a mail names our threads, and yet answers nothing in them."""

import re

# What mail programs put before a subject that is handed on, by language. "VS" is left out: it hands on in some
# languages, and answers in Finnish.
_PREFIX = re.compile(
    r"\s*(?:(?:re|aw|sv|antw)\s?:\s*)*(?:fwd?|fw|wg|tr|rv|enc|doorst|vl|vb|vidb|pd|i|trs|ilt|转发|轉寄|転送|전달)\s?[:：]",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"^\s*(?:[-_—*]{3,}\s*(?:forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|"
    r"messaggio inoltrato|doorgestuurd bericht|vidarebefordrat meddelande|mensagem encaminhada|wiadomość przekazana|"
    r"转发的邮件|转发邮件|пересылаемое сообщение)|begin forwarded message:|anfang der weitergeleiteten nachricht|"
    r"début du message (?:réexpédié|transféré)|inicio del mensaje reenviado|inizio messaggio inoltrato)",
    re.IGNORECASE | re.MULTILINE,
)
_LOOKED_AT = 20_000


def forwards(subject: str, own_words: str, *, marked: bool = False) -> bool:
    """By its subject, by the heading over what it hands on (`own_words`: the text without quotes), or because
    it is `marked` (`X-Forwarded-Message-Id`). What is sent on as it came (`Resent-From`) is still its author's.
    """
    if marked or ((":" in subject or "：" in subject) and _PREFIX.match(subject) is not None):
        return True
    return own_words != "" and _HEADING.search(own_words[:_LOOKED_AT]) is not None
