"""What the hub may write by itself."""

from affinage.domain.allowance import GENEROUS, Allowance


def test_as_it_stands_the_allowance_is_generous() -> None:
    """RECONCILE-24"""
    assert Allowance(site_tag="tags.site", drift_after_s=300) == GENEROUS
    assert GENEROUS.site_per_s < GENEROUS.hub_per_s < GENEROUS.hub_burst
