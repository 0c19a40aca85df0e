"""Both Python SDKs, unmodified, at a hub that throttles as the tier S1: refused, then let on.

The classes of which an SDK can reach the end quickly; all of them, with their rates, are proven by
a clock that stands still, in tests/unit/services/test_limits.py.
"""

from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any, Final

import pytest

from fakes.hub_process import HubProcess
from fakes.sdk import ITS_WARNINGS, Connect, wait_until

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

S1_CONFIGURATIONS: Final = 20
"""Operations in a minute."""

SO_OFTEN: Final = 300
"""More than S1 lets pass at once, in any class."""


@pytest.fixture(scope="module")
def hub(shared_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with a throttle; otherwise as in conftest.py."""
    folder = tmp_path_factory.mktemp("throttled")
    settings = folder / "hub.toml"
    settings.write_text('throttle = "S1"\n')
    options = (f"--config={settings}",)
    with (
        HubProcess(folder / "data", shared_address, options=options) as hub,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("REQUESTS_CA_BUNDLE", str(hub.ca_file))
        yield hub


@pytest.fixture
def refused() -> Any:
    return pytest.importorskip("msrest.exceptions").HttpOperationError


def refusal_of(ask: Callable[[], object], refused: Any) -> Any:
    """What an SDK raises once it has asked too often."""
    for _ in range(SO_OFTEN):
        try:
            ask()
        except refused as error:
            return error
    pytest.fail(f"{SO_OFTEN} were let pass")


def test_the_service_sdk_raises_what_it_is_refused_and_goes_on_later(
    registry: Any, models: ModuleType, device: str, refused: Any
) -> None:
    """THROTTLE-1, THROTTLE-4"""
    query = models.QuerySpecification(query="SELECT * FROM devices")
    patch = partial(registry.update_twin, device, models.Twin(tags={"a": 1}))
    for ask in (lambda: registry.query_iot_hub(query), patch):
        answer = refusal_of(ask, refused).response
        assert answer.status_code == 429
        assert answer.headers["iothub-errorcode"] == "ThrottlingException"
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    wait_until(lambda: _is_let_on(patch, refused))


def test_the_service_sdk_waits_as_told_before_it_reads_again(
    hub: HubProcess, configurations: Any
) -> None:
    """THROTTLE-4: what it may repeat it repeats by itself, after the seconds of Retry-After."""
    for _ in range(S1_CONFIGURATIONS + 1):
        assert configurations.get_configurations(10) == []

    def statuses() -> list[int]:
        read = [one for one in hub.events("request") if one["route"] == "/configurations"]
        return [one["status"] for one in read]

    wait_until(lambda: statuses()[-3:] == [200, 429, 200])


def test_the_device_sdk_raises_what_it_is_refused_and_goes_on_later(
    connect: Connect, device: str
) -> None:
    """THROTTLE-4: the service's status is in the answer's topic, and the connection stays."""
    client = connect(device)
    errors = pytest.importorskip("azure.iot.device.exceptions")
    report = partial(client.patch_twin_reported_properties, {"rate": 5})
    assert "429" in str(refusal_of(report, errors.ClientError).__cause__)
    wait_until(lambda: _is_let_on(report, errors.ClientError))
    assert client.connected


def _is_let_on(ask: Callable[[], object], refused: Any) -> bool:
    try:
        ask()
    except refused:
        return False
    return True
