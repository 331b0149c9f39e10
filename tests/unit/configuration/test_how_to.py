"""What `docs/how-to/promise-response-times.md` shows is a configuration that holds what the page says."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from frontline.configuration.load import load
from router.core.calendar import calendars
from router.desk.settings import desk_settings

PAGE = Path(__file__).parents[3] / "docs/how-to/promise-response-times.md"
DESK = """\
[[desk]]
id = "support"
[[desk.ring]]
[[desk.ring]]
after = "PT10M"
[[desk.agent]]
id = "first-agent"
name = "First Agent"
lead = true
[[desk.inbox]]
channel = "chat"
id = "support"
address = "support"
"""
CLOSED = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\n"
    "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260710\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_the_file_of_the_page_is_right_and_opens_as_it_says(tmp_path: Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "desk.toml").write_text("\n".join([*shown, DESK]))
    (tmp_path / "closed.ics").write_text(CLOSED)
    found = load(tmp_path / "desk.toml", date(2026, 3, 2))
    settings = desk_settings(found, found.desks[0])
    assert (settings.version, settings.policies[0].version) == (2, 3)
    office = calendars(settings)["office"]

    def open_on(year: int, month: int, day: int) -> timedelta:
        midnight = datetime(year, month, day, tzinfo=UTC)
        return office.elapsed(midnight, midnight + timedelta(days=1))

    assert open_on(2026, 3, 2) == timedelta(hours=7.5)
    assert open_on(2026, 3, 6) == timedelta(hours=6)
    assert open_on(2026, 12, 27) == timedelta(hours=4)
    for closed in ((2026, 7, 10), (2026, 12, 24), (2026, 12, 25), (2026, 12, 31), (2030, 1, 6)):
        assert open_on(*closed) == timedelta(0)
