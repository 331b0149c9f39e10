"""Slim images and some systems have no zone files: zones come from the package `tzdata` then."""

import os
import subprocess
import sys

_LOADS = """
from zoneinfo import ZoneInfo, available_timezones
from frontline.configuration.load import load_texts
text = b'''
version = 1
[[desk]]
id = "support"
name = "Support"
[[desk.inbox]]
channel = "email"
id = "support"
name = "Support"
address = "support@frontline.example"
[[desk.agent]]
id = "agent-1"
name = "Agent 1"
[[calendar]]
id = "office"
zone = "Europe/Berlin"
[[policy]]
id = "standard"
first_response = "PT1H"
calendar = "office"
'''
[calendar] = load_texts([("desk.toml", text)]).calendars
print(calendar.zone, ZoneInfo(calendar.zone).key)
"""


def test_a_calendar_in_a_zone_is_understood_without_the_zone_files_of_the_system() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LOADS],
        env={**os.environ, "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.split() == ["Europe/Berlin", "Europe/Berlin"], told.stderr
