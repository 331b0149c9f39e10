import os
from pathlib import Path

import pytest

from frontline.contract.error import SettingsError
from frontline.supervisor.roster import roster
from frontline.supervisor.settings import Given, service_environment, up_settings


def test_without_a_configuration_it_is_the_demo_desk() -> None:
    settings = up_settings({})
    assert settings.demo
    assert [desk.id for desk in settings.configuration.desks] == ["support"]


def test_the_demo_desk_does_not_start_in_production() -> None:
    with pytest.raises(
        SettingsError, match=r"^FRONTLINE_CONFIG: is not set, and the demo desk does not start in production"
    ):
        up_settings({"FRONTLINE_ENV": "production"})


def test_mistakes_in_settings_and_configuration_are_told_together(tmp_path: Path) -> None:
    config = tmp_path / "desk.toml"
    config.write_text("colour = 1\n")
    environ = {"FRONTLINE_CONFIG": str(config), "FRONTLINE_STORAGE_GIB": "many", "FRONTLINE_SECRET": "short"}
    with pytest.raises(SettingsError) as caught:
        up_settings(environ)
    wheres = [mistake.where for mistake in caught.value.mistakes]
    assert wheres == ["FRONTLINE_SECRET", "FRONTLINE_STORAGE_GIB", f"{config}:1"]


def test_a_service_gets_secrets_by_file_only(tmp_path: Path) -> None:
    environ = {"FRONTLINE_NATS_TOKEN": "old", "FRONTLINE_OPS_PORT": "9000", "PATH": "/bin"}
    token, secret = tmp_path / "token", tmp_path / "secret"
    given = Given(tmp_path, tmp_path / "c.toml", "nats://127.0.0.1:1", nats_token_file=token, secret_file=secret)
    told = service_environment(environ, given)
    assert told["FRONTLINE_NATS_TOKEN_FILE"] == str(token)
    assert told["FRONTLINE_SECRET_FILE"] == str(secret)
    assert "FRONTLINE_NATS_TOKEN" not in told
    assert (told["FRONTLINE_OPS_PORT"], told["FRONTLINE_PARENT_PID"], told["PATH"]) == ("0", str(os.getpid()), "/bin")


def test_a_secret_that_the_operator_set_is_left_to_them(tmp_path: Path) -> None:
    environ = {"FRONTLINE_SECRET": "of the operator", "FRONTLINE_DRAIN_SECONDS": "1"}
    told = service_environment(environ, Given(tmp_path, tmp_path, "nats://h:1"))
    assert told["FRONTLINE_SECRET"] == "of the operator"
    assert "FRONTLINE_SECRET_FILE" not in told
    assert told["FRONTLINE_DRAIN_SECONDS"] == "1"


def test_a_channel_runs_when_it_has_an_inbox_and_is_installed() -> None:
    plan = roster(up_settings({}).configuration, ["email", "pigeon"], ["router"])
    assert (plan.channels, plan.services, plan.absent) == (("email",), ("router",), ("chat", "phone"))


def test_intakes_end_before_what_stands_behind_them() -> None:
    specs = roster(up_settings({}).configuration, ["email", "chat"], ["router"]).specs({})
    assert [(spec.name, spec.stage) for spec in specs] == [("intake-chat", 0), ("intake-email", 0), ("router", 1)]
