"""What a notice says: enough to come, and no more than the desk allows."""

from datetime import timedelta

from frontline.contract.ids import AgentId, ContactId
from router.core.news import ALARM, ESCALATION, OFFER, TRANSFER, WARNING, News
from router.desk.notice_text import Told, headline, sentence, spoken, written
from tests.unit.router_core.driver import NOON, Desk, settings

NO_LINK = lambda _: ""


def told(number: int, subject: str = "") -> Told:
    return Told(contact=ContactId(f"c{number}"), sentence=f"Sentence {number}.", subject=subject)


def said(about: str, desk: Desk, contact: ContactId) -> str:
    news = News(id="1.1.0", about=about, agent=AgentId("ann"), contact=contact, at=NOON, target="first_response")
    return sentence(news, desk.contact(contact), "Support")


def test_rule_2_11_each_kind_of_news_has_a_sentence_of_its_own() -> None:
    desk = Desk(settings("ann"))
    contact = desk.opens()
    sentences = [said(about, desk, contact) for about in (OFFER, TRANSFER, ESCALATION, ALARM)]
    assert len(set(sentences)) == 4
    assert all("by email in Support" in each or "in Support" in each for each in sentences)
    assert said(WARNING, desk, contact) == "The first answer to a contact by email in Support is due soon."
    desk.now += timedelta(hours=2)
    desk.tick()
    assert said(WARNING, desk, contact) == "The first answer to a contact by email in Support is late."


def test_rule_2_11_one_piece_of_news_is_its_own_headline_and_several_are_counted() -> None:
    assert headline([told(1)], "Support") == "Sentence 1."
    several = [told(number) for number in range(1, 13)]
    assert headline(several, "Support") == "12 contacts need you at Support."
    text = written(several, "Support", NO_LINK, short=False)
    assert text.startswith("12 contacts need you at Support.\n\nSentence 1.")
    assert "Sentence 10." in text
    assert "Sentence 11." not in text
    assert "And 2 more." in text
    assert text.endswith("There you choose how you are told, too."), "a mail says where to answer"


def test_rule_2_11_the_words_of_a_customer_stand_on_one_short_line() -> None:
    subject = "Your account\r\nBcc: everybody@customer.example " + "x" * 500
    text = written([told(1, subject)], "Support", lambda contact: f"https://desk.example/#{contact}", short=False)
    first, second, *_ = text.split("\n")
    assert first.startswith("Sentence 1. It is about: Your account Bcc: everybody@customer.example xxx")
    assert len(first) < 160
    assert second == "https://desk.example/#c1"


def test_rule_2_11_a_text_message_is_short_enough_for_a_carrier_and_counts_what_is_not_in_it() -> None:
    long = [told(number, "x" * 500) for number in range(50)]
    text = written(long, "Support", lambda _: "https://desk.your-company.example/#" + "c" * 32, short=True)
    assert len(text) <= 1600
    shown = text.count("It is about")
    assert shown > 1
    assert text.endswith(f"And {50 - shown} more.")


def test_rule_2_11_what_is_spoken_has_no_link_in_it() -> None:
    assert spoken([told(1, "secret")], "Support") == "Sentence 1. Please open the console."
