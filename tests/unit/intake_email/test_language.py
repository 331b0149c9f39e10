"""The language of a text, where it can be told; none where it can't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.language import language_of
from intake_email.vocabulary import LETTERS, WORDS
from tests.unit.intake_email.samples import message, plain

TEXTS = {
    "en": "Hello, I ordered a lamp last week and have not received it. Could you please check?",
    "de": "Guten Tag, ich habe letzte Woche eine Lampe bestellt und sie ist noch nicht da.",
    "fr": "Bonjour, j'ai commandé une lampe la semaine dernière et je ne l'ai pas reçue.",
    "es": "Hola, la semana pasada pedí una lámpara y todavía no ha llegado. ¿Pueden comprobarlo?",
    "it": "Buongiorno, ho ordinato una lampada la settimana scorsa e non è ancora arrivata.",
    "pt": "Olá, encomendei um candeeiro na semana passada e ainda não chegou. Podem verificar?",
    "nl": "Hallo, ik heb vorige week een lamp besteld en die is nog niet aangekomen.",
    "sv": "Hej, jag beställde en lampa förra veckan och den har inte kommit. Kan ni kolla det?",
    "da": "Hej, jeg bestilte en lampe i sidste uge, og den er ikke kommet. Kan I undersøge det? Venlig hilsen",
    "nb": "Hei, jeg bestilte en lampe i forrige uke og den har ikke kommet. Kan dere sjekke det? Vennlig hilsen",
    "fi": "Hei, tilasin lampun viime viikolla, mutta se ei ole vielä saapunut.",
    "pl": "Dzień dobry, w zeszłym tygodniu zamówiłem lampę i jeszcze jej nie otrzymałem.",
    "cs": "Dobrý den, minulý týden jsem objednal lampu a ještě nedorazila. Můžete to prosím ověřit?",
    "sk": "Dobrý deň, minulý týždeň som objednal lampu a ešte neprišla. Môžete to prosím overiť?",
    "hu": "Jó napot, a múlt héten rendeltem egy lámpát, de még nem érkezett meg.",
    "ro": "Bună ziua, am comandat o lampă săptămâna trecută și nu a ajuns încă.",
    "tr": "Merhaba, geçen hafta bir lamba sipariş ettim ve hala gelmedi. Lütfen kontrol eder misiniz?",
    "ru": "Здравствуйте, я заказал лампу на прошлой неделе, и она ещё не пришла.",
    "uk": "Добрий день, я замовив лампу минулого тижня, і вона ще не прийшла.",
    "bg": "Здравейте, поръчах лампа миналата седмица и все още не е пристигнала. Моля, проверете.",
    "el": "Καλημέρα, παρήγγειλα μια λάμπα την περασμένη εβδομάδα και δεν έχει φτάσει.",
    "ja": "先週ランプを注文しましたが、まだ届いていません。ご確認ください。",
    "zh": "您好，我上周订购了一盏灯，但还没有收到。请帮我查一下。",
    "ko": "안녕하세요, 지난주에 램프를 주문했는데 아직 도착하지 않았습니다.",
    "ar": "مرحبا، طلبت مصباحا الأسبوع الماضي ولم يصل بعد.",
    "fa": "سلام، هفته گذشته یک چراغ سفارش دادم و هنوز نرسیده است. لطفا پیگیری کنید",
    "he": "שלום, הזמנתי מנורה בשבוע שעבר והיא עדיין לא הגיעה.",
    "th": "สวัสดีค่ะ ฉันสั่งโคมไฟเมื่อสัปดาห์ที่แล้วแต่ยังไม่ได้รับ",
    "vi": "Xin chào, tôi đã đặt một chiếc đèn tuần trước và vẫn chưa nhận được.",
    "id": "Halo, saya memesan lampu minggu lalu dan belum sampai. Mohon dicek, terima kasih.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_the_language_of_what_customers_write(language: str) -> None:
    assert language_of(TEXTS[language]) == language


@pytest.mark.parametrize(
    "text",
    ["", "Text.", "12345 OK", "ok danke", "Lorem ipsum dolor sit amet", "😀", "https://shop.example/the/of/and/is"],
)
def test_where_it_can_t_be_told_there_is_none(text: str) -> None:
    assert language_of(text) == ""


def test_addresses_and_links_say_nothing() -> None:
    said = "https://shop.example/the-order?and=it&is=not " * 3 + "der.und.die@shop.example\n" + TEXTS["fr"]
    assert language_of(said) == "fr"


def test_the_text_counts_more_than_what_the_program_says_of_itself() -> None:
    raw = plain(TEXTS["fr"], Content_Language="en-US", Content_Type="text/plain; charset=utf-8")
    assert message(raw).language == "fr"


def test_what_the_program_says_is_kept_where_it_is_the_same_but_finer() -> None:
    raw = plain(TEXTS["de"], Content_Language="de-AT", Content_Type="text/plain; charset=utf-8")
    assert message(raw).language == "de-at"


def test_the_quoted_mail_has_no_say() -> None:
    quoted = "\n".join(f"> {TEXTS['en']}" for _ in range(20))
    raw = plain(f"{TEXTS['de']}\n\n{quoted}", Content_Type="text/plain; charset=utf-8")
    assert message(raw).language == "de"


def test_letters_belong_to_languages_that_have_words() -> None:
    known = {language for languages in WORDS.values() for language, _ in languages}
    assert set(LETTERS) - {"fa"} <= known


@given(st.text())
def test_any_text_has_a_language_or_none(text: str) -> None:
    assert len(language_of(text)) in (0, 2)
