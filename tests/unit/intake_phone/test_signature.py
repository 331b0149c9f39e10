"""Our check of signatures agrees with Twilio's own library."""

import string
from hashlib import sha256
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from intake_phone.signature import algorithm, is_body_named, is_signed, spellings

text = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8)
forms = st.lists(st.tuples(names, text), max_size=8)
hosts = st.sampled_from(["phone.frontline.example", "localhost", "127.0.0.1"])
ports = st.sampled_from(["", ":443", ":80", ":8443", ":8082"])
urls = st.builds(
    lambda scheme, host, port, path, query: f"{scheme}://{host}{port}/{quote(path)}" + (f"?{query}" if query else ""),
    st.sampled_from(["http", "https"]),
    hosts,
    ports,
    text,
    st.one_of(st.just(""), st.builds(lambda name, value: f"{name}={quote(value)}", names, text)),
)
TOKENS = ("12345", "the old one")


class Several(dict[str, str]):
    """A form as frameworks hand it to Twilio's library: repeated parameters are kept."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def getlist(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]


@given(urls, forms, st.sampled_from(TOKENS))
def test_what_twilio_signed_is_good(url: str, form: list[tuple[str, str]], token: str) -> None:
    signature = RequestValidator(token).compute_signature(url, Several(form))
    assert is_signed(url, form, signature, TOKENS)
    assert is_signed(url, form[::-1], signature, TOKENS), "the order of parameters does not count"
    assert not is_signed(url, form, signature, ("another",))


@given(urls, urls, forms, forms)
def test_we_say_what_twilio_says(
    url: str, other: str, form: list[tuple[str, str]], different: list[tuple[str, str]]
) -> None:
    validator = RequestValidator(TOKENS[0])
    signature = validator.compute_signature(other, Several(different))
    said = validator.validate(url, Several(form), signature)
    assert is_signed(url, form, signature, TOKENS[:1]) == said


@given(urls, forms)
def test_sha_256_is_checked_as_twilio_does(url: str, form: list[tuple[str, str]]) -> None:
    signature = RequestValidator(TOKENS[0]).compute_signature(url, Several(form), "HMAC_SHA256")
    assert is_signed(url, form, signature, TOKENS, digest="sha256")
    assert not is_signed(url, form, signature, TOKENS, digest="sha1")
    assert not is_signed(url, form, signature, TOKENS, digest=None)


@pytest.mark.parametrize("header", ["", "key=a", "key=a,algorithm=HMAC_SHA256", "algorithm = HMAC_SHA1 ", "algorithm="])
def test_the_settings_header_is_read_as_twilio_does(header: str) -> None:
    assert algorithm(header) == {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}[get_signature_algorithm(header)]


def test_an_algorithm_that_nobody_knows_is_none() -> None:
    assert algorithm("algorithm=HMAC_MD5") is None


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_a_body_is_named_by_its_hash_only(body: bytes, other: bytes) -> None:
    url = f"https://phone.frontline.example/x?a=1&bodySHA256={sha256(body).hexdigest()}"
    assert is_body_named(url, body)
    assert is_body_named(url, other) == (body == other)
    assert not is_body_named("https://phone.frontline.example/x", body)
    assert not is_body_named(url + "&bodySHA256=0", body), "which of two is meant nobody knows"


@pytest.mark.parametrize("signature", ["", "x", "AAAA", "é", "====", "\x00", "A" * 5000])
def test_what_is_no_signature_is_not_good(signature: str) -> None:
    assert not is_signed("https://a.example/", [], signature, TOKENS)


@pytest.mark.parametrize(
    "url,expected",
    [
        ("https://a.example/x", ("https://a.example/x", "https://a.example:443/x")),
        ("http://a.example?x=:1", ("http://a.example?x=:1", "http://a.example:80?x=:1")),
        ("https://a.example:8443/x", ("https://a.example/x", "https://a.example:8443/x")),
        ("http://[::1]:8082/x", ("http://[::1]/x", "http://[::1]:8082/x")),
        ("http://[::1]/x", ("http://[::1]/x", "http://[::1]:80/x")),
        ("no url", ("no url",)),
    ],
)
def test_a_url_is_spelled_with_and_without_its_port(url: str, expected: tuple[str, ...]) -> None:
    assert spellings(url) == expected
