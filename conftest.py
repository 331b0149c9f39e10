"""For every test of the workspace; fixtures stand in `tests/conftest.py`."""

pytest_plugins = ["tests.strictness", "pytester"]
