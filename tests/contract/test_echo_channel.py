"""The template of `make new-channel` keeps the promises that its copies are held to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from frontline.testing.echo.test_echo_channel import TestEcho as EchoKeepsPromises
from tests.contract.plugins import plugged_in


@pytest.fixture(autouse=True)
def _entry_point(tmp_path: Path) -> Iterator[None]:
    with plugged_in(tmp_path / "plugins", "echo", "frontline.testing.echo.channel:EchoChannel"):
        yield


class TestEcho(EchoKeepsPromises):
    pass
