from frontline.runtime.health import Health


def test_a_process_that_has_not_started_is_not_ready() -> None:
    assert Health().unready() == {"service": "has not started"}


def test_every_check_that_fails_is_named_with_its_reason() -> None:
    health = Health()
    health.started = True
    health.check("nats", lambda: "no connection")
    health.check("listening", lambda: None)
    health.check("delivery", lambda: "silent")
    assert health.unready() == {"nats": "no connection", "delivery": "silent"}


def test_a_draining_process_is_not_ready_whatever_its_checks_say() -> None:
    health = Health()
    health.started = health.draining = True
    health.check("nats", lambda: None)
    assert health.unready() == {"service": "is draining"}


def test_a_check_that_is_forgotten_or_replaced_counts_no_more() -> None:
    health = Health()
    health.started = True
    health.check("nats", lambda: "no connection")
    health.check("nats", lambda: None)
    health.check("delivery", lambda: "silent")
    health.forget("delivery")
    assert health.unready() == {}
