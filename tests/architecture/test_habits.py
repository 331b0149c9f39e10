"""Rules that every module keeps, with the few exceptions and the reason for each."""

from collections.abc import Callable, Iterable
from statistics import median

import pytest

from tests.architecture import habits, sources

READS_THE_ENVIRONMENT = {
    "shared/src/frontline/runtime/settings.py": "the one place where settings come from",
}

STARTS_BARE_TASKS = {
    "services/intake-email/src/intake_email/incoming.py": "stores a mail while it still comes in; its session awaits it, or ends it in `close`",
    "shared/src/frontline/runtime/cancel.py": "one that a cancellation ends, whatever the awaited library does with it",
    "services/router/src/router/desk/intake.py": "waits for messages or for the word to stop, and awaits the end of both",
    "services/router/src/router/desk/lease.py": "a watch that lasts as long as one wait, which cancels and awaits it",
    "services/router/src/router/api/live.py": "what a page says and what it is told end together, with its connection",
    "shared/src/frontline/cli/replay.py": "follows the directory until it is loaded, and awaits the end of that",
    "shared/src/frontline/supervisor/fleet.py": "processes end in stages, where a group ends all at once; `stop` awaits them",
    "shared/src/frontline/supervisor/process.py": "looks whether a process is ready for as long as that process lives",
    "shared/src/frontline/supervisor/up.py": "starting up is broken off by a request to stop, and awaited",
}

WRITES_SUBJECTS = {
    "shared/src/frontline/contract/subject.py": "builds them all",
    "shared/src/frontline/runtime/topology.py": "declares the streams by wildcards",
}


def faults(rule: Callable[[str], list[str]], exceptions: Iterable[str] = ()) -> dict[str, list[str]]:
    """Path -> what the rule finds in that module, for those in which it finds anything."""
    found = {source.path: rule(source.text) for source in sources.shipped() if source.path not in set(exceptions)}
    return {path: what for path, what in found.items() if what}


def test_a_module_is_short() -> None:
    assert [source.path for source in sources.shipped() if habits.lines(source.text) > habits.LONGEST] == []


def test_the_middle_module_is_shorter_than_a_hundred_lines() -> None:
    assert median(habits.lines(source.text) for source in sources.shipped() if source.text) <= habits.MEDIAN


def test_a_module_is_named_after_what_is_in_it() -> None:
    assert [source.path for source in sources.shipped() if habits.drawers(source.path)] == []


def test_the_environment_is_read_in_one_place() -> None:
    assert faults(habits.environment, READS_THE_ENVIRONMENT) == {}


def test_a_task_belongs_to_a_group() -> None:
    assert faults(habits.bare_tasks, STARTS_BARE_TASKS) == {}


def test_a_subject_is_built_in_one_place() -> None:
    assert faults(habits.subjects, WRITES_SUBJECTS) == {}


def test_no_pattern_is_left_to_msgspec() -> None:
    assert faults(habits.patterns) == {}


@pytest.mark.parametrize(
    "rule,exceptions",
    [
        (habits.environment, READS_THE_ENVIRONMENT),
        (habits.bare_tasks, STARTS_BARE_TASKS),
        (habits.subjects, WRITES_SUBJECTS),
    ],
)
def test_an_exception_is_still_needed(rule: Callable[[str], list[str]], exceptions: dict[str, str]) -> None:
    assert faults(rule).keys() == exceptions.keys()


@pytest.mark.parametrize("path", ["a/src/a/utils.py", "a/src/a/common/x.py", "a/src/a/_helpers.py", "tests/base.py"])
def test_a_planted_drawer_is_caught(path: str) -> None:
    assert habits.drawers(path)


def test_a_word_that_only_contains_a_drawer_is_left_alone() -> None:
    assert habits.drawers("shared/src/frontline/runtime/database.py") == []


@pytest.mark.parametrize(
    "planted",
    [
        "import os\nx = os.environ['A']",
        "import os\nx = os.getenv('A')",
        "from os import environ",
        "from os import getenv as g",
        "import os as o\no.putenv('A', 'b')",
    ],
)
def test_a_planted_read_of_the_environment_is_caught(planted: str) -> None:
    assert habits.environment(planted)


def test_a_value_that_is_called_environ_is_left_alone() -> None:
    assert habits.environment("def f(self):\n    return self.environ['A']") == []


@pytest.mark.parametrize(
    "planted",
    [
        "asyncio.create_task(f())",
        "asyncio.ensure_future(f())",
        "from asyncio import create_task\ncreate_task(f())",
        "asyncio.get_running_loop().create_task(f())",
        "self._loop.create_task(f())",
    ],
)
def test_a_planted_bare_task_is_caught(planted: str) -> None:
    assert habits.bare_tasks(planted)


def test_a_task_of_a_group_is_left_alone() -> None:
    assert (
        habits.bare_tasks("async def f():\n  async with asyncio.TaskGroup() as tasks:\n    tasks.create_task(g())")
        == []
    )


@pytest.mark.parametrize(
    "planted",
    [
        "import msgspec\nX = Annotated[str, msgspec.Meta(max_length=9, pattern='^a')]",
        "import msgspec as m\nX = Annotated[str, m.Meta(pattern='^a')]",
        "from msgspec import Meta\nclass X:\n    id: Annotated[str, Meta(pattern='^a')]",
        "from msgspec import Meta as Limit\nX = Limit(**{'pattern': '^a'})",
    ],
)
def test_a_planted_pattern_is_caught(planted: str) -> None:
    assert habits.patterns(planted)


def test_a_pattern_that_only_the_schema_tells_is_left_alone() -> None:
    assert habits.patterns("import msgspec\nX = msgspec.Meta(extra_json_schema={'pattern': '^a'})") == []


@pytest.mark.parametrize(
    "planted",
    [
        "x = f'inbound.{channel}.{inbox}'",
        "x = 'transcript.*.pub'",
        "x = 'outbound.>'",
        "x = 'event.' + kind",
        "x = 'command.{}.{}'.format(desk, epoch)",
        "x = f'live.{contact}.int'",
    ],
)
def test_a_planted_subject_is_caught(planted: str) -> None:
    assert habits.subjects(planted)


@pytest.mark.parametrize(
    "innocent",
    ["'''inbound.<channel>.<inbox> is a subject'''", "log.info('desk.started')", "x = 'parked'", "x = f'reply {id}'"],
)
def test_a_string_that_is_no_subject_is_left_alone(innocent: str) -> None:
    assert habits.subjects(innocent) == []
