"""A DNS server of the test's own: speaks the protocol on a local UDP port, and can be slow, silent or broken."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from intake_email.authenticity.lookup import Answer, Question


class Zone(asyncio.DatagramProtocol):
    """Answers from `records`. A name in `silent` gets no answer, one in `broken` gets SERVFAIL; `asked` counts."""

    def __init__(self, records: Mapping[Question, Answer]) -> None:
        self.records = dict(records)
        self.silent: set[str] = set()
        self.broken: set[str] = set()
        self.asked: list[Question] = []
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name, kind = query.question[0].name, query.question[0].rdtype
        asked = Question(name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(kind))  # type: ignore[arg-type]
        self.asked.append(asked)
        if asked.name in self.silent:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        if asked.name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif asked in self.records:
            texts = [_text(record) for record in self.records[asked] or ()]
            answer.answer.append(dns.rrset.from_text_list(name, 300, "IN", kind, texts))
        elif not any(known.name == asked.name for known in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), peer)


def _text(record: bytes | str | tuple[int, str]) -> str:
    if isinstance(record, bytes):
        chunks = [record[at : at + 255].decode() for at in range(0, len(record), 255)]
        return " ".join(f'"{chunk}"' for chunk in chunks)
    return record if isinstance(record, str) else f"{record[0]} {record[1]}."


@asynccontextmanager
async def answering(records: Mapping[Question, Answer]) -> AsyncIterator[Zone]:
    zone = Zone(records)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: zone, ("127.0.0.1", 0))
    zone.address = f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    try:
        yield zone
    finally:
        transport.close()
