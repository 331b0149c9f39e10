"""Fixtures for every test: a real nats-server (`nats`), a connection (`bus`), a topology on it (`provisioned`)."""

pytest_plugins = ["frontline.testing.nats_server"]
