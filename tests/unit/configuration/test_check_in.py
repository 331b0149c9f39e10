"""Check-ins as an operator writes them: read right, or refused with file and line."""

from datetime import timedelta

import pytest

from frontline.configuration.load import load_texts
from frontline.contract.error import SettingsError
from router.core.desk_settings import CheckInSettings
from router.core.settings import faults
from router.desk.settings import desk_settings

DESK = """\
[[calendar]]
id = "office"
hours = ["mon-fri 09:00-17:00"]
[[policy]]
id = "standard"
[[desk]]
id = "support"
[[desk.agent]]
id = "ada"
name = "A"
[[desk.inbox]]
channel = "email"
id = "support"
address = "support@desk.example"
[[desk.inbox]]
channel = "chat"
id = "support"
address = "support"
[[desk.check_in]]
"""
WELL = 'id = "well"\nwhen = "resolved"\nafter = "P3D"\ntext = { en = "Well?" }\n'


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_texts([("a.toml", (DESK + text).encode())])
    return [f"{mistake.where}: {mistake.what}" for mistake in raised.value.mistakes]


def test_rule_7_what_is_written_is_what_the_desk_goes_by_and_words_stay_out_of_its_log() -> None:
    said = WELL + 'calendar = "office"\nchannels = ["email"]\n'
    read = load_texts([("a.toml", (DESK + said).encode())])
    made = desk_settings(read, read.desks[0])
    assert not faults(made)
    mail = made.inboxes[0]
    assert made.check_ins == (
        CheckInSettings(
            id="well",
            when="resolved",
            after=timedelta(days=3),
            calendar="office",
            inboxes=((mail.channel, mail.id),),
        ),
    )
    assert [calendar.id for calendar in made.calendars] == ["office"]
    assert "Well?" not in str(made)


@pytest.mark.parametrize(
    "text,line,told",
    [
        (WELL.replace("resolved", "closed"), 2, "when must be one of resolved, waiting_customer"),
        (WELL.replace("P3D", "PT0S"), 3, "after must be longer than nothing"),
        (WELL.replace("P3D", "P50000D"), 3, "this would take more than a century to come due"),
        (WELL.replace('{ en = "Well?" }', "{}"), 4, "text must be there in one language at least"),
        (WELL.replace("{ en =", '{ "in English" ='), 4, "'in English' is not a language tag such as en or pt-BR"),
        (WELL.replace("Well?", "  "), 4, "a text must have something in it"),
        (WELL.replace('"Well?"', "7"), 4, "text must be"),
        (WELL.replace("well", "W E"), 1, "id 'W E' must be of lower-case letters"),
        (WELL + 'calendar = "moon"', 5, "there is no [[calendar]] with the id 'moon'"),
        (WELL + 'channels = ["pigeon"]', 5, "desk 'support' has no inbox on 'pigeon'"),
        (WELL + 'inboxes = ["sales"]', 5, "desk 'support' has no inbox 'sales'"),
        (WELL + 'inboxes = ["support", "support"]', 5, "inboxes holds 'support' twice"),
        (WELL + "[[desk.check_in]]\n" + WELL, 6, "check-in 'well' is there twice; first at a.toml:20"),
        ('id = "well"\nwhen = "resolved"\n', 0, "the key 'after' is missing here"),
        ('id = "well"\nwhen = "resolved"\n', 0, "the key 'text' is missing here"),
    ],
)
def test_rule_7_a_check_in_that_makes_no_sense_is_told_with_file_and_line(text: str, line: int, told: str) -> None:
    found = mistakes(text + "\n")
    where = f"a.toml:{DESK.count(chr(10)) + line}: "
    assert any(mistake.startswith(where) and told in mistake for mistake in found), found
