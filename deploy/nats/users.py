"""Who may do what in NATS: the users of a deployment, from its desks and channels.

    python -m deploy.nats.users CONFIG [--check FILE] > users.conf

Every process has a user, named like its service. A user has its own inbox: one who may listen to
`_INBOX.>` hears the answers that were meant for others. Passwords are no part of this: the file
names environment variables of the server (`NATS_PASSWORD_ROUTER`).

What rights can't do: a direct get names its subjects in its body, which the server compares with
nobody's rights, so that whoever may read a stream may read all of it (hence `TRANSCRIPT_PUBLIC`);
and whoever may write to a bucket or an object store may overwrite what lies there.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frontline.configuration.load import load
from frontline.contract import subject
from frontline.contract.ids import ChannelName, ContactId, DeskId
from frontline.runtime.login import inbox_of
from frontline.runtime.topology import (
    ATTACHMENTS,
    CHECKPOINTS,
    CUSTOMERS,
    DELIVERIES,
    DESKVIEW,
    DIRECTORY,
    DRAFTS,
    ERASED,
    EVENTS,
    KEYS,
    LEASES,
    ORIGINALS,
    OUTBOX,
    PARKED,
    PREFERENCES,
    PROGRESS,
    SNAPSHOTS,
    THREADS,
    TRANSCRIPT,
    TRANSCRIPT_PUBLIC,
    TRANSFERS,
    stream_configs,
    topology,
)

ROUTER = "router"
OPERATOR = "operator"
PROVISION = "provision"

_API = "$JS.API"
_ANY = "*"
_CONTACT = ContactId(_ANY)
_EVENT_CONSUMER = "service-level"

_HEAD = """\
# Written by `python -m deploy.nats.users`: users with least rights, from the desks and channels of a configuration.
# The server takes each password from its environment. A password has to begin with a letter.
"""


@dataclass(slots=True)
class User:
    """`publish` and `subscribe` are the subjects that it may; everything else it may not."""

    name: str
    publish: list[str] = field(default_factory=list)
    subscribe: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.subscribe.append(f"{inbox_of(self.name)}.>")

    @property
    def variable(self) -> str:
        """The variable in the server's environment that holds its password."""
        return f"NATS_PASSWORD_{self.name.upper().replace('-', '_')}"

    def reads(self, *streams: str) -> None:
        """All of these, by direct get."""
        self.publish += [f"{_API}.DIRECT.GET.{stream}" for stream in streams]

    def looks_up(self, *buckets: str) -> None:
        for bucket in buckets:
            self.publish += [f"{_API}.DIRECT.GET.KV_{bucket}", f"{_API}.STREAM.MSG.GET.KV_{bucket}"]
            self.subscribe.append(f"kv.{bucket}.>")

    def keeps(self, *buckets: str) -> None:
        """Looks up and writes."""
        self.looks_up(*buckets)
        self.publish += [f"$KV.{bucket}.>" for bucket in buckets]

    def stores(self, *objects: str) -> None:
        """Puts objects, and takes back what it could not put whole."""
        for store in objects:
            self.publish += [f"$O.{store}.C.>", f"$O.{store}.M.>"]
            self.publish.append(f"{_API}.STREAM.PURGE.OBJ_{store}" if store == SNAPSHOTS else _delete(f"OBJ_{store}"))

    def erases(self, *streams: str) -> None:
        """Overwrites what lies there, message by message."""
        self.publish += [_delete(stream) for stream in streams]

    def takes(self, stream: str, consumer: str, filter_: str = "") -> None:
        """Works through a stream by a consumer, which it makes itself. With a filter, by that filter only."""
        name = f"{stream}.{consumer}"
        create = f"{_API}.CONSUMER.CREATE.{name}" + (f".{filter_}" if filter_ else "")
        self.publish += [
            create,
            f"{_API}.CONSUMER.INFO.{name}",
            f"{_API}.CONSUMER.MSG.NEXT.{name}",
            f"$JS.ACK.{name}.>",
        ]


def users(channels: Iterable[ChannelName], desks: Iterable[DeskId]) -> list[User]:
    """The router, an intake for each channel, the operator's commands, and who makes the streams."""
    channels, desks = list(channels), list(desks)
    return [router(channels, desks), *map(intake, channels), operator(channels, desks), provision(channels, desks)]


def intake(channel: ChannelName) -> User:
    """It may not read any transcript with notes in it, nor anything of another channel but its files."""
    user = User(f"intake-{channel}")
    user.publish += [subject.inbound_all(channel), _parked(user.name), _signals(channel)]
    user.subscribe += [subject.signal_all(channel), subject.public_copy(_CONTACT)]
    user.reads(TRANSCRIPT_PUBLIC, f"OBJ_{ATTACHMENTS}", f"OBJ_{ORIGINALS}")
    user.looks_up(DIRECTORY, DESKVIEW, THREADS)
    user.keeps(DELIVERIES)
    user.publish += [f"{_API}.STREAM.MSG.GET.KV_{CHECKPOINTS}", f"$KV.{CHECKPOINTS}.{channel}.>"]
    user.stores(ATTACHMENTS, ORIGINALS)
    user.takes(OUTBOX, subject.delivery_consumer(channel), subject.outbound_all(channel))
    return user


def router(channels: Sequence[ChannelName], desks: Sequence[DeskId]) -> User:
    user = User(ROUTER)
    user.reads(DRAFTS, TRANSCRIPT, PARKED, f"OBJ_{ATTACHMENTS}", f"OBJ_{ORIGINALS}")
    user.keeps(CUSTOMERS, THREADS, KEYS, DIRECTORY, DESKVIEW, LEASES, PROGRESS, PREFERENCES)
    user.stores(ATTACHMENTS, SNAPSHOTS)
    user.reads(f"OBJ_{SNAPSHOTS}")
    user.takes(EVENTS, _EVENT_CONSUMER, subject.events())
    user.publish += [subject.transcript_public(_CONTACT), subject.transcript_internal(_CONTACT), _parked(ROUTER)]
    user.publish += [_info(TRANSCRIPT), _info(f"KV_{CUSTOMERS}")]
    user.publish.append(f"{_API}.STREAM.MSG.GET.{TRANSCRIPT}")  # whether it has lost its end
    # Whoever is erased, is in all of these; work queues are only looked at, see `router.desk.remnants`.
    user.reads(TRANSCRIPT_PUBLIC, OUTBOX)
    user.erases(TRANSCRIPT, TRANSCRIPT_PUBLIC, DRAFTS, OUTBOX, PARKED, f"KV_{CUSTOMERS}", f"OBJ_{ORIGINALS}")
    user.publish += [_info(OUTBOX), _info(TRANSFERS), *(_info(subject.inbox_stream(channel)) for channel in channels)]
    user.publish.append(f"{_API}.STREAM.PURGE.KV_{CUSTOMERS}")  # of a bucket from before that can't be erased from
    user.keeps(ERASED)
    user.publish.append(f"{_API}.STREAM.MSG.GET.{DRAFTS}")  # by its leader: a replica that is behind has no last word
    user.subscribe.append(subject.live())
    for desk in desks:
        user.reads(subject.desk_stream(desk))
        user.publish += [subject.desk_epoch(desk), subject.desk_log(desk), _info(subject.desk_stream(desk))]
        user.publish.append(f"{_API}.STREAM.PURGE.{subject.desk_stream(desk)}")
        user.publish.append(f"{_API}.STREAM.MSG.GET.{subject.desk_stream(desk)}")  # whether it has lost its end
        user.publish += [f"event.{desk}.*", subject.draft(desk), f"command.{desk}.*"]
        user.subscribe += [subject.desk_tail(desk), f"command.{desk}.*"]
        user.publish += [subject.transfer(desk), subject.forward(desk)]
        user.takes(TRANSFERS, subject.desk_consumer(desk))
        user.takes(TRANSFERS, subject.forward_consumer(desk))
    for channel in channels:
        stream = subject.inbox_stream(channel)
        user.publish.append(f"{_API}.CONSUMER.LIST.{stream}")  # which desk has which inbox
        for desk in desks:
            user.takes(stream, subject.desk_consumer(desk))
            user.publish.append(f"{_API}.CONSUMER.DELETE.{stream}.{subject.desk_consumer(desk)}")
        # Into inboxes, too: what was parked is released to where it came from.
        user.publish += [subject.inbound_all(channel), subject.outbound_all(channel), _signals(channel)]
        user.subscribe.append(subject.signal_all(channel))
    # Answers to commands that another replica has passed on.
    user.publish.append(f"{inbox_of(ROUTER)}.>")
    return user


def operator(channels: Sequence[ChannelName], desks: Sequence[DeskId]) -> User:
    """`frontline parked`, `frontline replay`, `frontline erase` and `frontline desk apply`."""
    user = User(OPERATOR)
    user.reads(PARKED, TRANSCRIPT, f"OBJ_{ORIGINALS}", f"OBJ_{ATTACHMENTS}")
    user.looks_up(DIRECTORY, KEYS)
    user.stores(ATTACHMENTS)
    user.erases(PARKED)
    user.keeps(ERASED)
    for desk in desks:
        user.publish += [f"{_API}.STREAM.MSG.GET.{subject.desk_stream(desk)}", f"command.{desk}.*"]
        user.publish += [subject.transfer(desk), subject.forward(desk)]
    for channel in channels:
        user.publish += [subject.inbound_all(channel), subject.outbound_all(channel)]
    return user


def provision(channels: Iterable[ChannelName], desks: Iterable[DeskId]) -> User:
    """`frontline nats provision`: makes streams, and reads and deletes nothing."""
    user = User(PROVISION)
    for config in stream_configs(topology(channels, desks)):
        user.publish += [f"{_API}.STREAM.{verb}.{config.name}" for verb in ("INFO", "CREATE", "UPDATE")]
    return user


def _delete(stream: str) -> str:
    return f"{_API}.STREAM.MSG.DELETE.{stream}"


def _info(stream: str) -> str:
    return f"{_API}.STREAM.INFO.{stream}"


def _parked(service: str) -> str:
    return f"parked.{service}.*"


def _signals(channel: ChannelName) -> str:
    return subject.signal_all(channel)


def render(all_users: Iterable[User]) -> str:
    """The list `users` of the server's `authorization`, in its own syntax."""
    lines = [_HEAD + "users = ["]
    for user in all_users:
        lines += [
            "  {",
            f"    user: {json.dumps(user.name)}, password: ${user.variable}",
            "    permissions: {",
            f"      publish: {{ allow: {_listed(user.publish)} }}",
            f"      subscribe: {{ allow: {_listed(user.subscribe)} }}",
            "    }",
            "  }",
        ]
    return "\n".join([*lines, "]", ""])


def _listed(subjects: Iterable[str]) -> str:
    return "[\n" + "".join(f"        {json.dumps(each)}\n" for each in dict.fromkeys(subjects)) + "      ]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the file for a configuration, or with `--check` tell whether FILE is it."""
    parser = argparse.ArgumentParser(prog="python -m deploy.nats.users", description="NATS users with least rights.")
    parser.add_argument("config", type=Path, help="the desks: a TOML file or a folder of them")
    parser.add_argument("--check", type=Path, metavar="FILE", help="print nothing; exit 1 when FILE is not up to date")
    given = parser.parse_args(arguments)
    configuration = load(given.config)
    text = render(users(configuration.channels, [desk.id for desk in configuration.desks]))
    if given.check:
        return 0 if given.check.read_text(encoding="utf-8") == text else 1
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
