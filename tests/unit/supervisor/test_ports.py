import socket

from frontline.supervisor.ports import taken


def test_only_ports_of_services_that_run_are_looked_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        environ = {"FRONTLINE_CHAT_PORT": port, "FRONTLINE_SMTP_PORT": port, "FRONTLINE_ROUTER_PORT": "0"}
        assert [mistake.where for mistake in taken(["router", "intake-email"], environ)] == ["FRONTLINE_SMTP_PORT"]


def test_what_is_no_port_is_left_to_the_service_to_tell() -> None:
    assert taken(["router"], {"FRONTLINE_ROUTER_PORT": "http"}) == []
    assert taken(["router"], {"FRONTLINE_ROUTER_PORT": "70000"}) == []
    assert taken(["intake-pigeon"], {}) == []


def test_a_port_in_a_settings_file_is_left_to_the_service() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        environ = {"FRONTLINE_SETTINGS": "x.toml", "FRONTLINE_SMTP_PORT": str(other.getsockname()[1])}
        assert [mistake.where for mistake in taken(["router", "intake-email"], environ)] == ["FRONTLINE_SMTP_PORT"]
