import re

from frontline.configuration.load import load_texts
from frontline.configuration.own import OWN


def test_what_init_writes_is_a_right_configuration() -> None:
    found = load_texts([("frontline.toml", OWN.encode())])
    assert [desk.id for desk in found.desks] == ["support"]


def test_every_commented_setting_is_one_that_may_be_set() -> None:
    settings = re.sub(r"^# (\[\[|[a-z_]+ = )", r"\1", OWN, flags=re.MULTILINE)
    assert settings.count("\n#") < OWN.count("\n#")
    found = load_texts([("frontline.toml", settings.encode())])
    assert found.desks[0].inboxes[0].cost == 10
    assert found.calendars[0].zone == "Europe/Berlin"


def test_the_values_shown_in_comments_are_the_defaults() -> None:
    shown = re.findall(
        r"^# (lane|policy|capacity|token_version|version|warn_at|calendar) += ([^#\n]+?)  ", OWN, re.MULTILINE
    )
    found = load_texts([("frontline.toml", OWN.encode())])
    for name, value in shown:
        tables = (found.desks[0].inboxes[0], found.desks[0].agents[0], found.policies[0])
        defaults = {
            repr(getattr(table, name)).replace("(", "[").replace(")", "]") for table in tables if hasattr(table, name)
        }
        assert value.strip().replace('"', "'") in defaults, name
