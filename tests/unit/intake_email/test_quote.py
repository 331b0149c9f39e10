"""What somebody wrote now is found beside what they quote; a text never becomes none (hard cases 26, 27)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.quote import reply_text

OWN = "It works now.\n\nThank you!"

ATTRIBUTIONS = [
    "On Mon, 4 May 2026 at 12:00, Demo agent 1 <support@frontline.example> wrote:",
    "On Mon, 4 May 2026 at 12:00, Demo agent 1\n<support@frontline.example> wrote:",
    "Am Mo., 4. Mai 2026 um 12:00 Uhr schrieb Demo agent 1 <support@frontline.example>:",
    "Am 04.05.2026 um 12:00 schrieb Demo agent 1:",
    "Le lun. 4 mai 2026 à 12:00, Demo agent 1 <support@frontline.example> a écrit :",
    "El lun, 4 may 2026 a las 12:00, Demo agent 1 (<support@frontline.example>) escribió:",
    "Il 4 mag 2026, 12:00, Demo agent 1 <support@frontline.example> ha scritto:",
    "Op ma 4 mei 2026 om 12:00 schreef Demo agent 1 <support@frontline.example>:",
    "Em seg., 4 de mai. de 2026 às 12:00, Demo agent 1 <support@frontline.example> escreveu:",
    "Den mån 4 maj 2026 kl 12:00 skrev Demo agent 1 <support@frontline.example>:",
    "W dniu pon., 4.05.2026 o 12:00 Demo agent 1 <support@frontline.example> napisał(a):",
    "пн, 4 мая 2026 г. в 12:00, Demo agent 1 <support@frontline.example> написал:",
    "2026年5月4日(月) 12:00 Demo agent 1 <support@frontline.example> 写道：",
    "Demo agent 1 <support@frontline.example> writes:",
]

HEADERS = [
    "-----Original Message-----\nFrom: Support\nSent: Monday\n",
    "-----Ursprüngliche Nachricht-----\nVon: Support\nGesendet: Montag\n",
    "________________________________\nFrom: Support <support@frontline.example>\nSent: Monday, 4 May 2026 12:00\nTo: Customer One\nSubject: Re: x\n",
    "Von: Support <support@frontline.example>\nGesendet: Montag, 4. Mai 2026 12:00\nAn: Customer One\nBetreff: AW: x\n",
    "De : Support <support@frontline.example>\nEnvoyé : lundi 4 mai 2026 12:00\nÀ : Customer One\nObjet : Re: x\n",
    "发件人: Support <support@frontline.example>\n发送时间: 2026年5月4日 12:00\n收件人: Customer One\n",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_a_quote_below_is_left_out(attribution: str) -> None:
    assert reply_text(f"{OWN}\n\n{attribution}\n\n> Please try again.\n> Demo agent 1\n") == OWN


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_a_quote_above_is_left_out(attribution: str) -> None:
    assert reply_text(f"{attribution}\n> Please try again.\n\n{OWN}\n") == OWN


@pytest.mark.parametrize("header", HEADERS)
def test_a_quote_without_marks_is_left_out(header: str) -> None:
    assert reply_text(f"{OWN}\n\n{header}\nPlease try again.\n") == OWN


def test_answers_between_quotes_are_kept() -> None:
    assert reply_text("> Which version?\nVersion 3.\n> Since when?\nSince Monday.") == "Version 3.\nSince Monday."


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nCustomer One\nExample Ltd",
        "--\nCustomer One",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Get Outlook for iOS<https://aka.example>",
    ],
)
def test_a_signature_is_left_out(signature: str) -> None:
    assert reply_text(f"{OWN}\n\n{signature}\n") == OWN


@pytest.mark.parametrize(
    "text",
    [
        "> only a quote\n> of two lines",
        "-- \nonly a signature",
        "On Mon, 4 May 2026 at 12:00, Demo agent 1 wrote:\n> and only a quote",
        "-----Original Message-----\nFrom: Support\nonly that",
        "Sent from my iPhone",
        "one line",
    ],
)
def test_where_nothing_would_be_left_everything_is(text: str) -> None:
    assert reply_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "The steps were these:\n1. On start it fails:\n2. it stops",
        "From: here to there\nit is far",
        "Data: 5\nit is a value",
        "a -- b\n--- c ---",
        "---------- Forwarded message ---------\nFrom: Shop\nDate: Monday\n\nYour order is late.",
        "Please see:\n\nBegin forwarded message:\n\nFrom: Shop\nSent: Monday\n\nYour order is late.",
    ],
)
def test_what_only_looks_like_a_quote_stays(text: str) -> None:
    assert reply_text(text) == text


LINES = st.sampled_from(
    [
        "> q",
        "-- ",
        "text",
        "",
        "On Monday x wrote:",
        "From: a",
        "Sent: b",
        "-----Original Message-----",
        "____",
        "Sent from my phone",
    ]
)


@given(st.one_of(st.text(), st.lists(LINES, max_size=12).map("\n".join)))
def test_a_text_never_becomes_none(text: str) -> None:
    assert bool(reply_text(text)) == bool(text.strip())


_PLAIN_LINES = st.lists(
    st.text(st.sampled_from("ab1.,!ü\u3000\u2028\u200e \t\xa0\x1f") | st.characters(codec="utf-8"), max_size=12),
    max_size=8,
).map("\n".join)


@given(_PLAIN_LINES)
def test_what_is_seen_at_once_to_be_plain_is_what_a_look_at_each_line_finds(text: str) -> None:
    """A signature behind it makes sure that all lines are looked at, and is cut off again."""
    signs = any(letter in text for letter in ":：>-_—–*=")
    if text.strip() and not signs:
        assert reply_text(text.replace("\r", "") + "\n\n-- \nCustomer One") == reply_text(text.replace("\r", ""))
