"""What `docs/how-to/be-told-where-you-are.md` shows is a configuration that holds what the page says."""

import re
from pathlib import Path

from frontline.configuration.load import load

PAGE = Path(__file__).parents[3] / "docs/how-to/be-told-where-you-are.md"


def test_rule_2_11_the_file_of_the_page_is_right_and_so_are_its_comments(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "desk.toml"
    file.write_text(shown.replace("# subjects", "subjects") + '\n[[policy]]\nid = "standard"\n')
    (desk,) = load(file).desks
    (agent,) = desk.agents
    assert desk.notices.subjects
    assert (agent.lead, agent.notify.ways, agent.notify.alarm_when_quiet) == (True, ("push", "mail", "ring"), True)
