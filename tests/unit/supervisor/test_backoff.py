from frontline.supervisor.backoff import Backoff


def test_the_wait_doubles_up_to_the_most() -> None:
    backoff = Backoff()
    assert [backoff.after(0.5) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_stable_run_is_forgiven() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after(1)
    assert backoff.after(10.0) == 0.1
    assert backoff.after(0.5) == 0.2
