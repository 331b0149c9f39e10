"""The bodies of what is said of check-ins. Fields are added, never renamed."""

from frontline.contract.ids import CustomerId
from router.api.shape import Answer, Body


class CheckInsBody(Body, frozen=True, kw_only=True):
    wanted: bool


class ChecksIn(Answer, frozen=True, kw_only=True):
    customer: CustomerId
    wanted: bool
