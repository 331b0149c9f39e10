from frontline.configuration.demo import DEMO
from frontline.configuration.load import load_texts


def test_the_demo_desk_is_an_ordinary_configuration_with_an_inbox_on_each_channel() -> None:
    found = load_texts([("demo.toml", DEMO.encode())])
    (desk,) = found.desks
    assert desk.id == "support"
    assert [(inbox.channel, inbox.id, inbox.address) for inbox in desk.inboxes] == [
        ("email", "support", "support@frontline.example"),
        ("chat", "support", "support"),
        ("phone", "support", "+12025550123"),
    ]


def test_the_demo_desk_has_three_available_agents() -> None:
    (desk,) = load_texts([("demo.toml", DEMO.encode())]).desks
    assert [(agent.id, agent.name, agent.available) for agent in desk.agents] == [
        (f"agent-{number}", f"Demo agent {number}", True) for number in (1, 2, 3)
    ]
