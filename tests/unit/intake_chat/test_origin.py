"""Which pages may use the chat; where a request comes from; what is kept of a page's address."""

import pytest

from intake_chat.origin import is_allowed
from intake_chat.peer import address_of, page_of

LISTED = ("https://shop.example", "https://*.forum.example")


@pytest.mark.parametrize(
    "origin,development,allowed",
    [
        (None, False, True),
        ("https://chat.example", False, True),
        ("https://CHAT.example", False, True),
        ("https://shop.example", False, True),
        ("http://shop.example", False, False),
        ("https://shop.example.evil.example", False, False),
        ("https://evilshop.example", False, False),
        ("https://a.b.forum.example", False, True),
        ("https://forum.example", False, False),
        ("https://evilforum.example", False, False),
        ("http://a.forum.example", False, False),
        ("http://localhost:3000", True, True),
        ("http://127.0.0.1:3000", True, True),
        ("http://localhost:3000", False, False),
        ("http://localhost.evil.example", True, False),
        ("null", True, False),
        ("", True, False),
        ("file://", True, False),
    ],
)
def test_a_page_may_use_the_chat_if_it_is_ours_or_listed(origin: str | None, development: bool, allowed: bool) -> None:
    assert is_allowed(origin, "chat.example", LISTED, development=development) is allowed


def test_a_star_lets_every_page_in_but_none_without_a_name() -> None:
    assert is_allowed("https://anything.example", "chat.example", ("*",), development=False)
    assert not is_allowed("null", "chat.example", ("*",), development=False)


@pytest.mark.parametrize(
    "peer,forwarded,address",
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_only_what_our_own_proxies_say_of_the_address_is_believed(peer: str, forwarded: str, address: str) -> None:
    assert address_of(peer, forwarded, ("10.0.0.1", "10.0.0.2")) == address


@pytest.mark.parametrize(
    "url,page",
    [
        ("https://shop.example/cart?token=1#x", "https://shop.example/cart"),
        ("javascript:alert(1)", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_page_is_kept_without_what_may_be_secret_in_it(url: str | None, page: str) -> None:
    assert page_of(url) == page
