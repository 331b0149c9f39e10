from pathlib import Path

import pytest

from frontline.runtime.embedded import ServerConfig, find_nats_server, render_config


def test_the_binary_of_the_wheel_is_found() -> None:
    found = find_nats_server()
    assert found.name.startswith("nats-server")
    assert found.is_file()


def test_the_configuration_says_what_was_chosen() -> None:
    config = ServerConfig(store=Path("data/nats"), token='a "quoted" token', sync="1s", max_file=1 << 30)
    text = render_config(config, Path("ports"))
    assert 'token: "a \\"quoted\\" token"' in text
    assert 'sync_interval: "1s"' in text
    assert "max_file_store: 1073741824" in text
    assert "port: -1" in text


@pytest.mark.parametrize("config", [ServerConfig(store=Path("s")), ServerConfig(store=Path("s"), port=4222)])
def test_the_server_listens_on_loopback_unless_told_otherwise(config: ServerConfig) -> None:
    assert 'host: "127.0.0.1"' in render_config(config, Path("p"))
