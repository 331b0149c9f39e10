"""A small service, as a process of its own, that keeps to the protocol of the status file: the
tests of the supervisor run it. `argv` says how it behaves.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Probe(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503 if "unready" in sys.argv else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def main() -> int:
    if "mistaken" in sys.argv:
        sys.stderr.write('{"event":"settings.mistake","where":"FRONTLINE_X","what":"is not set"}\n')
        return os.EX_CONFIG
    if "crashing" in sys.argv:
        return 3
    journal = Path(os.environ["JOURNAL"])

    def ended(*_: object) -> None:
        with journal.open("a") as file:
            file.write(f"{os.environ['NAME']} ended\n")
        raise SystemExit(0)

    def hung_up(*_: object) -> None:
        with journal.open("a") as file:
            file.write(f"{os.environ['NAME']} was hung up on\n")

    signal.signal(signal.SIGHUP, hung_up)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in sys.argv else ended)
    server = HTTPServer(("127.0.0.1", 0), Probe)
    status = Path(os.environ["FRONTLINE_STATUS_FILE"])
    fresh = status.with_suffix(".new")
    told = {"name": os.environ["NAME"], "pid": os.getpid(), "ops": f"127.0.0.1:{server.server_port}", "listeners": {}}
    fresh.write_text(json.dumps(told))
    fresh.replace(status)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
