"""Bytes become the text that was meant, whatever the label says (hard case 24)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.charset import decode

TEXTS = {
    "Здравствуйте, мой заказ не пришёл. Спасибо!": ("cp1251", "koi8_r", "iso8859_5", "utf-8"),
    "您好，我的订单还没有收到，请帮我查询一下。": ("gb18030", "gb2312", "utf-8"),
    "您好，我的訂單還沒有收到，請幫我查詢一下。": ("big5", "utf-8"),
    "こんにちは。注文した商品がまだ届いていません。確認してください。": ("euc_jp", "cp932", "iso2022_jp", "utf-8"),
    "안녕하세요. 주문한 상품이 아직 도착하지 않았습니다.": ("euc_kr", "utf-8"),
    "Grüße aus München, die Größe stimmt.": ("cp1252", "utf-7", "utf-8"),
    "Déjà commandé à Noël, reçu abîmé.": ("latin-1", "utf-8"),
}
PAIRS = [(text, codec) for text, codecs in TEXTS.items() for codec in codecs]


@pytest.mark.parametrize("text,codec", PAIRS)
@pytest.mark.parametrize("label", ["", "us-ascii", "no-such-charset", "x-unknown", "UTF-8"])
def test_a_missing_or_wrong_label_does_not_hide_the_text(text: str, codec: str, label: str) -> None:
    if (codec, label) == ("utf-7", "UTF-8"):
        return  # ASCII that is right as it stands; nothing says that it is anything else
    assert decode(text.encode(codec), label) == text


@pytest.mark.parametrize(
    "label,codec,text",
    [
        ("iso-8859-1", "cp1252", "“10 €” – isn’t it"),
        ("gb2312", "gb18030", "朱镕基"),
        ("iso-8859-9", "cp1254", "İstanbul’da"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),
        ("shift_jis", "cp932", "①②③髙"),
        ("iso-8859-8-i", "iso8859_8", "שלום"),
        ("iso-8859-2", "iso8859_2", "Zażółć gęślą jaźń"),
        ("windows-1256", "cp1256", "مرحبا"),
        ("windows-1253", "cp1253", "Καλημέρα"),
        ("tis-620", "cp874", "สวัสดี"),
        ("unicode-1-1-utf-7", "utf-7", "Grüße"),
        ('"utf-8"', "utf-8", "Grüße"),
        ("UTF-16", "utf-16", "Grüße"),
        ("macintosh", "mac_roman", "Grüße"),
        ("koi8-u", "koi8_u", "Привіт, їжак"),
    ],
)
def test_a_label_means_what_its_users_mean(label: str, codec: str, text: str) -> None:
    assert decode(text.encode(codec), label) == text


def test_utf_8_with_a_lost_byte_stays_utf_8() -> None:
    data = "Grüße aus München, schöne Grüße".encode()
    assert decode(data[:3] + data[4:], "utf-8").endswith("München, schöne Grüße")


@pytest.mark.parametrize("name", ["Model +ABC- in red", "1+2=3-", "a+b-c"])
def test_a_plus_sign_does_not_make_it_utf_7(name: str) -> None:
    assert decode(name.encode()) == name


@pytest.mark.parametrize("label", ["rot13", "zip", "hex", "idna", "punycode", "unicode_escape", "undefined", "\0", "ü"])
def test_a_label_that_is_no_charset_is_ignored(label: str) -> None:
    assert decode(b"plain \\u0041 text", label) == "plain \\u0041 text"


@given(
    st.binary(),
    st.one_of(st.sampled_from(["", "utf-7", "utf-16", "iso-2022-jp", "gb18030", "hz", "utf-8", "ascii"]), st.text()),
)
def test_any_bytes_under_any_label_are_text_that_json_can_carry(data: bytes, label: str) -> None:
    decode(data, label).encode()
