"""People, as the bucket `CUSTOMERS` holds them under `person.<customer id>`."""

import msgspec

from frontline.contract.ids import CustomerId
from frontline.contract.message import Identity, Value


class Person(Value, frozen=True, kw_only=True):
    """A customer with every address they have used, oldest first. `name` is the latest that they gave."""

    id: CustomerId
    name: str = ""
    identities: tuple[Identity, ...] = ()


decode_person = msgspec.json.Decoder(Person).decode


def person_key(customer: CustomerId) -> str:
    return f"person.{customer}"
