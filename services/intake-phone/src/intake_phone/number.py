"""Telephone numbers and what stands in for them, in one canonical form each: pure.

E.164 for numbers; `whatsapp:` before those of WhatsApp; `sip:user@host` and `client:name` as Twilio
has them; a withheld number is nobody's, so it has no form at all.
"""

import re

import phonenumbers

WHATSAPP = "whatsapp:"

_WITHHELD = {
    "", "anonymous", "restricted", "unknown", "unavailable", "blocked", "private", "withheld",
    # What keypads make of these words; Twilio passes them on as numbers.
    "+266696687", "+7378742833", "+8656696", "+86282452253", "+2562533",
}  # fmt: skip
_SIP = re.compile(r"sips?:(?:([^@;?]*)@)?([^;?>]+)", re.IGNORECASE)
_NOT_DIALLED = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")


def canonical(address: str, region: str) -> str:
    """`address` in its one form, "" for a withheld one.

    `region` is the country of numbers without a country code. What can't be a number stays as it is.
    """
    text = address.strip()
    kind, _, rest = text.partition(":")
    kind = kind.lower()
    if kind in {"sip", "sips"}:
        return _sip(text)
    if kind == "client":
        return f"client:{rest}"
    if kind == "whatsapp":
        number = _number(rest, region)
        return WHATSAPP + _one_spelling(number) if number else ""
    if kind == "tel":
        text = rest
    return _number(text, region)


def whatsapp_address(canonical_address: str) -> str:
    """What WhatsApp calls a number: in Mexico and Argentina with the digit that mobile numbers had or have."""
    number = canonical_address.removeprefix(WHATSAPP)
    if re.fullmatch(r"\+52\d{10}", number):
        number = f"+521{number[3:]}"
    return WHATSAPP + number


def _number(text: str, region: str) -> str:
    bare = _NOT_DIALLED.sub("", text)
    if bare.lower() in _WITHHELD:
        return ""
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    try:
        parsed = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException:
        return text[:64]
    if not phonenumbers.is_possible_number(parsed):
        return text[:64]  # a short code, which stands for itself, or nothing that can be dialled
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _one_spelling(number: str) -> str:
    """Mexican mobiles without the 1 that was given up in 2019, Argentine ones with their 9: a number
    on WhatsApp is a mobile, and is told both ways.
    """
    if re.fullmatch(r"\+521\d{10}", number):
        return f"+52{number[4:]}"
    if re.fullmatch(r"\+54[1-8]\d{9}", number):
        return f"+549{number[3:]}"
    return number


def _sip(text: str) -> str:
    match = _SIP.match(text)
    if match is None:
        return text[:255]
    user, host = match[1] or "", match[2].lower()
    if user.lower() in _WITHHELD and user:
        return ""
    return f"sip:{user}@{host}" if user else f"sip:{host}"
