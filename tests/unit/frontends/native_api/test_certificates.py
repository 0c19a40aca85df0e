"""frontends/native_api/certificates.py."""

import pytest

from affinage.frontends.native_api.described import PREFIX
from fakes.hub import running_hub
from fakes.looped import looped
from fakes.pki import authority, leaf

CERTIFICATES = f"{PREFIX}/certificates"
CAVE = f"{CERTIFICATES}/cave"
ROOT = authority("Root")
BODY = {"certificate": ROOT.pem}


@looped
async def test_one_is_brought_shown_changed_and_deleted() -> None:
    """AUTHORITY-2, AUTHORITY-3"""
    async with running_hub() as hub:
        made = await hub.ask("PUT", CAVE, BODY)
        etag = made.headers["etag"]
        assert (made.status_code, etag) == (200, f'"{made.json()["etag"]}"')
        assert (await hub.ask("GET", CAVE)).json() == made.json()
        assert (await hub.get(CERTIFICATES))["certificates"] == [made.json()]
        assert (await hub.ask("PUT", CAVE, BODY)).status_code == 409
        assert (await hub.ask("PUT", CAVE, BODY, etag=etag)).is_success
        assert (await hub.ask("DELETE", CAVE, etag=etag)).status_code == 412
        assert (await hub.ask("DELETE", CAVE)).status_code == 204
        assert (await hub.ask("GET", CAVE)).json()["title"] == "Certificate not found"


@looped
async def test_possession_is_proven_with_a_code() -> None:
    """AUTHORITY-4, AUTHORITY-5"""
    async with running_hub() as hub:
        await hub.ask("PUT", CAVE, BODY)
        asked = (await hub.ask("POST", f"{CAVE}/challenge")).json()
        proof = {"certificate": leaf(asked["verificationCode"], ROOT).pem}
        proven = await hub.ask("POST", f"{CAVE}/verify", proof)
        assert (proven.status_code, proven.json()["isVerified"]) == (200, True)
        assert (await hub.ask("POST", f"{CAVE}/verify", proof)).status_code == 400


@pytest.mark.parametrize("body", [{}, {"certificate": 7}, {"certificate": None}, [], {"a": 1}])
@pytest.mark.parametrize(
    ("method", "path"), [("PUT", CERTIFICATES + "/n"), ("POST", CAVE + "/verify")]
)
@looped
async def test_what_is_no_certificate_is_refused(body: object, method: str, path: str) -> None:
    async with running_hub() as hub:
        await hub.ask("PUT", CAVE, BODY)
        assert (await hub.ask(method, path, body)).status_code == 400


@looped
async def test_each_write_heeds_the_etag() -> None:
    """AUTHORITY-3"""
    async with running_hub() as hub:
        await hub.ask("PUT", CAVE, BODY)
        for path, body in (("/challenge", None), ("/verify", BODY)):
            answer = await hub.ask("POST", CAVE + path, body, etag='"other"')
            assert answer.status_code == 412
