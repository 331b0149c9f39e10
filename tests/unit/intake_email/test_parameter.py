"""A field that has a boundary and nothing else is read by a way of its own, which gives what the long one does."""

from hypothesis import given
from hypothesis import strategies as some

from intake_email.parameter import parameters

_LETTERS = some.text(some.sampled_from("ab=?_-'()+,./: \"\\;%*\t\u00e9"), max_size=12)


@given(_LETTERS, some.sampled_from(["boundary", "Boundary", " BOUNDARY", "\tboundary", "xboundary", "boundary*"]))
def test_a_boundary_is_the_same_whether_it_stands_alone_or_not(boundary: str, name: str) -> None:
    alone = parameters(f'Multipart/Mixed;{name}="{boundary}"')
    among = parameters(f'Multipart/Mixed; first=1; {name}="{boundary}"')
    assert among == (alone[0], {"first": "1", **alone[1]})


def test_the_parts_of_encoded_words_are_no_exception() -> None:
    assert parameters('multipart/mixed; boundary="=?utf-8?q?a?="') == ("multipart/mixed", {"boundary": "a"})
    assert parameters('multipart/mixed; boundary="==_a?b=="') == ("multipart/mixed", {"boundary": "==_a?b=="})
