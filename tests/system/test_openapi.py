"""Whatever the OpenAPI documents allow, and what they do not, is sent to a hub over its doors.

It answers as the documents say, nothing it is sent makes it fail, and it is still well afterwards.
AFFINAGE_FUZZ is how many requests each operation gets, of each kind.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from affinage.adapters.system.clock import wall_time
from affinage.apps.openapi import documents
from affinage.protocol.tokens import make_token
from fakes.hub_process import HubProcess

REQUESTS: Final = int(os.environ.get("AFFINAGE_FUZZ", "12"))

CHECKS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]

KNOWN: Final = {
    "id": "known",
    "module": "part",
    "command": "stop",
    "component": "fan",
    "metric": "targetedCount",
    "door": "service",
    "host": "known.test",
    "scope": "0ne00000000",
    "operation": "5.1",
    "lock": "none",
    "upload": "none",
    "blob": "known/log.txt",
    "name": "known",
    "number": "1",
    "query": "SELECT deviceId, tags FROM devices WHERE NOT tags.a = 1",
}
"""Half of the requests are about these, which there are."""

EXISTING: Final[dict[str, dict[str, str]]] = {
    "devices/known": {},
    "devices/known/modules/part": {},
    "configurations/known": {},
    "affinage/v1/groups/known": {"condition": "tags.a = 1"},
}
"""What is put, to be known."""

ENDLESS: Final = "native GET /affinage/v1/events/stream"
"""Its good answer has no end; tests/unit/frontends/native_api/test_events.py has what it says."""

OPERATIONS: Final = {
    f"{door} {found.ok().label}": found.ok()
    for door, document in documents().items()
    for found in schemathesis.openapi.from_dict(dict(document)).get_all_operations()
    if isinstance(found, Ok) and f"{door} {found.ok().label}" != ENDLESS
}


@dataclass(frozen=True)
class Doors:
    """Of a hub that runs."""

    hub: HubProcess
    session: requests.Session

    def token(self) -> str:
        key = self.hub.policy().key or ""
        expiry = int(wall_time().timestamp()) + 3600
        return make_token(self.hub.address, key, expiry, "iothubowner")

    def furnish(self) -> None:
        """Have everything that is known, also what was deleted before."""
        for path, body in EXISTING.items():
            url = f"https://{self.hub.address}/{path}?api-version=2021-04-12"
            made = self.session.put(url, json=body, headers={"Authorization": self.token()})
            assert made.status_code in (200, 409)

    def send(self, case: Any) -> None:
        """Send it, and hold the answer against the document."""
        case.call_and_validate(
            base_url=f"https://{self.hub.address}",
            session=self.session,
            headers={"Authorization": self.token()},
            checks=CHECKS,
            timeout=30,
            verify=str(self.hub.ca_file),
        )


@pytest.fixture(scope="module")
def doors(shared_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    data = tmp_path_factory.mktemp("fuzzed") / "data"
    with HubProcess(data, shared_address) as hub, requests.Session() as session:
        session.verify, session.trust_env = str(hub.ca_file), False
        doors = Doors(hub, session)
        yield doors
        assert hub.is_running
        assert hub.events("request failed") == []


def about(case: Any, *, known: bool) -> Any:
    """The request, about something that there is if ``known``, and with headers that HTTP has."""
    assume(all(str(value).isprintable() for value in (case.headers or {}).values()))
    for sent in (case.body, case.query):
        if isinstance(sent, dict) and "connectTimeoutInSeconds" in sent:
            sent["connectTimeoutInSeconds"] = 0  # nobody is connected: it would be waited for
    if known:
        case.path_parameters.update({name: KNOWN[name] for name in case.path_parameters})
        if isinstance(case.body, dict) and "query" in case.body:
            case.body["query"] = KNOWN["query"]
        if case.method == "PUT":
            case.headers["If-Match"] = "*"
    return case


@pytest.mark.parametrize("mode", [*GenerationMode], ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", OPERATIONS)
def test_an_operation_answers_as_it_is_told(doors: Doors, label: str, mode: GenerationMode) -> None:
    """NATIVE-50"""
    doors.furnish()

    @settings(
        max_examples=REQUESTS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode), known=st.booleans())
    def send(case: Any, known: bool) -> None:
        doors.send(about(case, known=known))

    send()
