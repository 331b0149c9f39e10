"""What `docs/how-to/check-in-with-customers.md` shows is a configuration that holds what the page says."""

import re
from datetime import timedelta
from pathlib import Path

from frontline.configuration.load import load_texts
from router.desk.settings import desk_settings

PAGE = Path(__file__).parents[3] / "docs/how-to/check-in-with-customers.md"
DESK = """\
[[calendar]]
id = "office"
hours = ["mon-fri 09:00-17:00"]
[[policy]]
id = "standard"
[[desk]]
id = "support"
[[desk.agent]]
id = "first-agent"
name = "First Agent"
[[desk.inbox]]
channel = "email"
id = "support"
address = "support@your-company.example"
[[desk.inbox]]
channel = "chat"
id = "support"
address = "support"
"""


def test_the_file_of_the_page_is_right_and_says_what_the_page_says() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    version, _, tables = shown.partition("[[desk.check_in]]")
    read = load_texts([("a.toml", (version + DESK + "[[desk.check_in]]" + tables).encode())])
    first, second = desk_settings(read, read.desks[0]).check_ins
    assert (first.when, first.after) == ("resolved", timedelta(days=3))
    assert [channel for channel, _ in first.inboxes] == ["email"]
    assert (second.when, second.after, second.calendar) == ("waiting_customer", timedelta(hours=40), "office")
    assert [channel for channel, _ in second.inboxes] == ["email", "chat"]
    assert set(read.desks[0].check_ins[0].text) == {"en", "de"}
