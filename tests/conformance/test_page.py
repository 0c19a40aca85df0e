"""docs/reference/conformance.md says of every method of the SDKs what becomes of it, and truly."""

import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

pytestmark = pytest.mark.conformance

HERE: Final = Path(__file__).parent
PAGE: Final = (HERE.parents[1] / "docs/reference/conformance.md").read_text()
ROWS: Final = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE))

DEVICE: Final = ("IoTHubDeviceClient", "IoTHubModuleClient")
OPERATOR: Final = ("IoTHubRegistryManager", "IoTHubConfigurationManager")


def methods(kind: type) -> set[str]:
    """What its users may call, set or read."""
    return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}


@pytest.mark.parametrize("name", [*DEVICE, *OPERATOR])
def test_every_method_is_in_the_page(device_sdk: ModuleType, name: str) -> None:
    sdk = device_sdk if name in DEVICE else pytest.importorskip("azure.iot.hub")
    assert methods(getattr(sdk, name)) <= ROWS.keys()


@pytest.mark.parametrize("method", sorted(ROWS))
def test_what_is_covered_is_called(method: str) -> None:
    texts = [path.read_text() for path in (*HERE.glob("*.py"), HERE.parent / "fakes/sdk.py")]
    is_called = any(re.search(rf"\.{method}\b", text) for text in texts)
    assert is_called == ROWS[method].startswith("covered")
