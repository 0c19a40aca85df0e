"""How much, and how soon, the hub may write to a fleet by itself: the operator's numbers."""

from typing import Final

from msgspec import Struct


class Allowance(Struct, frozen=True):
    """What reconciling may do. Generous, so that only what runs away ever meets it.

    Source: RECONCILE-24, RECONCILE-25, RECONCILE-34.
    """

    hub_per_s: float = 25_000
    """Devices a second that it may write in the whole hub."""
    hub_burst: float = 100_000
    """Devices that it may write at once after a quiet time."""
    site_per_s: float = 5_000
    """Devices a second that it may write at one site."""
    site_burst: float = 25_000
    site_tag: str = "tags.site"
    """The tag whose value is a device's site; devices without it draw on the hub's bucket only."""
    drift_after_s: float = 300
    """How long what somebody else wrote at a path in force stays there."""


GENEROUS: Final = Allowance()
