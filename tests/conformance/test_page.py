"""docs/reference/conformance.md says of every method of the SDKs what becomes of it, and truly."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

pytestmark = pytest.mark.conformance

HERE: Final = Path(__file__).parent
PAGE: Final = (HERE.parents[1] / "docs/reference/conformance.md").read_text()
ROW: Final = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
CLASSES: Final = re.compile(r"^(?:`\w+`(?: and )?)+, over (?:HTTPS|MQTT)\.$", re.MULTILINE)

DEVICE: Final = ("IoTHubDeviceClient", "IoTHubModuleClient")
PROVISIONED: Final = ("ProvisioningDeviceClient",)
OPERATOR: Final = (
    "IoTHubRegistryManager",
    "IoTHubConfigurationManager",
    "IoTHubJobManager",
    "DigitalTwinClient",
    "IoTHubHttpRuntimeManager",
)


def tables() -> Iterator[tuple[str, dict[str, str]]]:
    """Class by class of the Python SDKs: what is said of each of its methods."""
    heads = [*CLASSES.finditer(PAGE)]
    ends = [*(head.start() for head in heads[1:]), len(PAGE)]
    for head, end in zip(heads, ends, strict=True):
        text = re.split(r"^## ", PAGE[head.end() : end], flags=re.MULTILINE)[0]
        for name in re.findall(r"`(\w+)`", head[0]):
            yield name, dict(ROW.findall(text))


TABLES: Final = dict(tables())
SAID: Final = sorted({row for table in TABLES.values() for row in table.items()})


def methods(kind: type) -> set[str]:
    """What its users may call, set or read."""
    return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}


def test_every_class_of_the_sdks_is_in_the_page() -> None:
    sdk = pytest.importorskip("azure.iot.hub")
    assert {*OPERATOR} == {*sdk.__all__}
    assert {*TABLES} == {*DEVICE, *PROVISIONED, *OPERATOR}


@pytest.mark.parametrize("name", [*DEVICE, *PROVISIONED, *OPERATOR])
def test_every_method_is_in_the_page(device_sdk: ModuleType, name: str) -> None:
    sdk = device_sdk if name in (*DEVICE, *PROVISIONED) else pytest.importorskip("azure.iot.hub")
    told = TABLES[name].keys()
    assert methods(getattr(sdk, name)) <= told
    if name in OPERATOR:  # the devices' share a table
        assert told == methods(getattr(sdk, name))


@pytest.mark.parametrize(("method", "said"), SAID, ids=lambda text: text[:30])
def test_what_is_covered_is_called(method: str, said: str) -> None:
    texts = [path.read_text() for path in (*HERE.glob("*.py"), HERE.parent / "fakes/sdk.py")]
    is_called = any(re.search(rf"\.{method}\b", text) for text in texts)
    assert is_called == said.startswith("covered")


def test_every_case_has_a_test_that_is_named_after_it() -> None:
    cases = set(re.findall(r"^\| M(\d+) \|", PAGE, re.MULTILINE))
    files = (HERE / "test_device_cases.py", HERE / "test_x509.py")
    tests = "".join(path.read_text() for path in files)
    assert cases == {str(number) for number in range(1, 15)}
    assert cases == set(re.findall(r"^def test_m(\d+)_", tests, re.MULTILINE))


def test_every_case_of_registering_has_a_test_that_is_named_after_it() -> None:
    cases = set(re.findall(r"^\| D(\d+) \|", PAGE, re.MULTILINE))
    files = (HERE / "test_provisioning_device.py", HERE.parent / "system/test_registering.py")
    tests = "".join(file.read_text() for file in files)
    assert cases == {str(number) for number in range(1, 7)}
    assert cases == set(re.findall(r"^def test_d(\d+)_", tests, re.MULTILINE))
