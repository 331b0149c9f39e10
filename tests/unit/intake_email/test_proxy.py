"""Who is behind a proxy is taken from its header to the letter; anything else is no header."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.proxy import HEAD, NotProxied, from_v1, from_v2, length_of_v2


def v2(command: int, family: int, rest: bytes) -> tuple[bytes, bytes]:
    return HEAD.pack(command, family, len(rest)), rest


def addresses(source: str, target: str) -> bytes:
    return ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed + bytes(4)


@pytest.mark.parametrize(
    "line,peer",
    [
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n", "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 25\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    ],
)
def test_version_1_names_the_client(line: bytes, peer: str | None) -> None:
    assert from_v1(line) == peer


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 65536\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 25\r\n",
        b"PROXY TCP6 192.0.2.7 198.51.100.1 1 25\r\n",
        b"PROXY TCP4 192.0.2.777 198.51.100.1 1 25\r\n",
        b"PROXY UNKNOWN" + b" " * 100 + b"\r\n",
        b"PROXY UDP4 192.0.2.7 198.51.100.1 1 25\r\n",
    ],
)
def test_a_line_that_is_not_version_1_is_refused(line: bytes) -> None:
    with pytest.raises(NotProxied):
        from_v1(line)


def test_version_2_names_the_client() -> None:
    assert from_v2(*v2(0x21, 0x11, addresses("192.0.2.7", "198.51.100.1"))) == "192.0.2.7"
    assert from_v2(*v2(0x21, 0x21, addresses("2001:db8::7", "2001:db8::1") + b"further fields")) == "2001:db8::7"


def test_a_proxy_that_speaks_for_itself_names_nobody() -> None:
    assert from_v2(*v2(0x20, 0x11, addresses("192.0.2.7", "198.51.100.1"))) is None
    assert from_v2(*v2(0x21, 0x31, bytes(216))) is None


@pytest.mark.parametrize("command,length", [(0x11, 12), (0x22, 12), (0x21, 5000)])
def test_a_head_that_is_not_version_2_is_refused(command: int, length: int) -> None:
    with pytest.raises(NotProxied):
        length_of_v2(HEAD.pack(command, 0x11, length))


@given(st.sampled_from([0x20, 0x21]), st.integers(0, 255), st.binary(max_size=60))
def test_version_2_is_an_address_nobody_or_refused(command: int, family: int, rest: bytes) -> None:
    try:
        found = from_v2(*v2(command, family, rest))
    except NotProxied:
        assert len(rest) < 36
    else:
        assert found is None or str(ipaddress.ip_address(found)) == found


@given(st.binary(max_size=120))
def test_any_line_is_version_1_or_refused(line: bytes) -> None:
    with pytest.raises(NotProxied):
        from_v1(b"PROXY TCP4 " + line)
