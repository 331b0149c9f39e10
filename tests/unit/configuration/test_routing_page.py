"""What `docs/how-to/route-contacts.md` shows is a configuration, and means what the page says."""

import re
from datetime import timedelta
from pathlib import Path

from frontline.configuration.load import load
from router.core.settings import faults
from router.desk.settings import desk_settings

PAGE = Path(__file__).parents[3] / "docs/how-to/route-contacts.md"


def test_the_file_of_the_page_is_right_and_means_what_it_says(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "frontline.toml").write_text(shown)
    found = load(tmp_path / "frontline.toml")
    settings = desk_settings(found, found.desks[0])
    assert faults(settings) == ()
    assert [(ring.after, ring.skills, ring.off_duty) for ring in settings.rings] == [
        (timedelta(0), True, False),
        (timedelta(minutes=5), False, False),
        (timedelta(minutes=30), False, True),
    ]
    mail, phone = settings.inboxes
    assert (mail.live, mail.sticky_for) == (False, timedelta(minutes=5))
    assert (phone.live, phone.cost, phone.written_cost, phone.wrap_up) == (True, 100, 10, timedelta(seconds=30))
    assert [(rule.id, rule.lane, rule.policy, rule.skills) for rule in settings.rules] == [
        ("outage", "vip", "urgent", ()),
        ("invoices", "", "", ("billing",)),
        ("important", "vip", "", ()),
    ]
