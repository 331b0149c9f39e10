"""`frontline phone simulate call | sms`: a call or a text to a channel that runs without a Twilio account."""

import http.client
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from frontline.contract.error import Mistake, SettingsError, Unavailable

DEMO_NUMBER = "+12025550123"
_SPARE_SECONDS = 60


def add(parser: ArgumentParser) -> None:
    """The command's arguments; `act` of what they parse to takes them and the environment."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "a call or a text message, with no Twilio account"
    simulate = commands.add_parser("simulate", help=about, description=about)
    kinds = simulate.add_subparsers(required=True, metavar="KIND")

    call = kinds.add_parser(
        "call", help="call us, and print what is heard", description="Call us, and print what is heard."
    )
    call.add_argument(
        "--press", action="append", default=[], metavar="KEYS", help="when asked for keys; several in turn"
    )
    call.add_argument("--say", metavar="WORDS", help="what to say after the tone")
    call.add_argument("--agent", action="append", default=[], metavar="NUMBER", help="an agent's phone that answers")
    call.add_argument("--hang-up-after", type=float, default=60, metavar="SECONDS", help="of the call (60)")
    call.add_argument(
        "--stay", type=float, default=0, metavar="SECONDS", help="by the phone afterwards, to be called back (0)"
    )
    call.add_argument("--pace", type=float, default=1.0, help="how long a second of the call takes (1)")
    call.set_defaults(act=_call)

    text = kinds.add_parser(
        "sms", help="write to us, and print the answer", description="Write to us, and print the answer."
    )
    text.add_argument("text")
    text.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="for an answer")
    text.set_defaults(act=_text)

    for each in (call, text):
        each.add_argument("--from", dest="sender", required=True, metavar="NUMBER", help="the customer's number")
        each.add_argument("--to", default=DEMO_NUMBER, metavar="NUMBER", help=f"ours ({DEMO_NUMBER})")
        each.add_argument("--at", metavar="URL", help="where the phone channel is, if it is not found by itself")


def _call(arguments: Namespace, environ: Mapping[str, str]) -> int:
    ask = {
        "from": arguments.sender,
        "to": arguments.to,
        "keys": arguments.press,
        "words": arguments.say,
        "agents": arguments.agent,
        "hang_up_after": arguments.hang_up_after,
        "stay": arguments.stay,
        "pace": arguments.pace,
    }
    return _tell(arguments, environ, "call", ask, (arguments.hang_up_after + arguments.stay) * arguments.pace)


def _text(arguments: Namespace, environ: Mapping[str, str]) -> int:
    ask = {"from": arguments.sender, "to": arguments.to, "text": arguments.text, "wait": arguments.wait}
    return _tell(arguments, environ, "text", ask, arguments.wait)


def _tell(arguments: Namespace, environ: Mapping[str, str], kind: str, ask: Mapping[str, Any], seconds: float) -> int:
    """Print the lines of the dialogue as they come. 1 when something was not taken."""
    if environ.get("FRONTLINE_ENV") == "production":
        raise SettingsError([Mistake("FRONTLINE_ENV", "is production, where the simulator does not run")])
    where = urlsplit(arguments.at or address(environ))
    connection = http.client.HTTPConnection(where.hostname or "", where.port or 80, timeout=seconds + _SPARE_SECONDS)
    failed = False
    try:
        connection.request(
            "POST", f"{where.path.rstrip('/')}/simulator/{kind}", json.dumps(ask), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        if response.status == http.client.NOT_FOUND:
            raise Unavailable("this phone channel has a Twilio account of its own: there is nothing to simulate")
        if response.status != http.client.OK:
            raise Unavailable(
                f"the phone channel answers {response.status}: {response.read(500).decode(errors='replace')}"
            )
        for line in response:
            text = line.decode(errors="replace")
            failed = failed or text.startswith("!")
            sys.stdout.write(text)
            sys.stdout.flush()
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"no phone channel at {where.geturl()}: is `frontline up` running?") from error
    finally:
        connection.close()
    return int(failed)


def address(environ: Mapping[str, str]) -> str:
    """Where `frontline up` says that the channel is; else where it is by its settings."""
    try:
        told = json.loads((Path(environ.get("FRONTLINE_DATA_DIR") or ".frontline") / "up.json").read_text())
    except (OSError, ValueError):
        told = {}
    if isinstance(told, dict) and isinstance(told.get("phone"), str):
        return str(told["phone"])
    return f"http://{environ.get('FRONTLINE_PHONE_HOST') or '127.0.0.1'}:{environ.get('FRONTLINE_PHONE_PORT') or 8082}"
