"""Webhooks where the operator allows none."""

import pytest

from affinage.domain.errors import Invalid
from affinage.services.provisioning.webhooks import NoWebhooks
from fakes.looped import looped


@looped
async def test_a_hub_without_webhooks_asks_none() -> None:
    """PROV-35"""
    with pytest.raises(Invalid, match="asks no webhook"):
        NoWebhooks().check("https://a.test")
    assert (await NoWebhooks().ask("https://a.test", {})).status == 0
