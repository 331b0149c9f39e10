"""The command line: `frontline up | init | config | channel | service | parked | replay | nats | token`."""

from frontline.cli.entry import main

__all__ = ["main"]
