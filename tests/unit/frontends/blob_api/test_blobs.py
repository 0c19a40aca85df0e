"""frontends/blob_api: blobs.py, app.py and problems.py."""

import base64
import hashlib
from pathlib import Path

import pytest

from affinage.services.room import Room
from affinage.services.sending import sending
from fakes.hub import running_hub
from fakes.looped import looped
from fakes.uploading import begun, put

LIST = '<?xml version="1.0" encoding="utf-8"?><BlockList>{}</BlockList>'


NOT_LISTS = [
    b"a <BlockList/> in a text",
    b"<BlockList><Latest>YQ==</Latest>",
    b"<BlockList><Latest>YQ==</Latest><Latest/></BlockList>",
    b"<BlockList><Latest>YQ==</Latest><latest>YQ==</latest></BlockList>",
    b"<BlockList><Latest>YQ==</Latest><Latest of='a'>YQ==</Latest></BlockList>",
    b"<BlockList><Latest>YQ==</Latest><Latest>" + b"A" * 121 + b"</Latest></BlockList>",
    b"<BlockList><Latest>" + b" " * 1_000_000 + b"</BlockList>",
    b"<BlockList" + b" " * 1_000_000,
    b"<!DOCTYPE a [<!ENTITY b 'YQ=='>]><BlockList><Latest>&b;</Latest></BlockList>",
]
"""Of which each was read as a list of fewer blocks, or might take long to be read."""


def block(name: str) -> str:
    return base64.b64encode(name.encode()).decode()


def listed(*names: str) -> bytes:
    return LIST.format("".join(f"<Latest>{block(name)}</Latest>" for name in names)).encode()


@looped
async def test_a_blob_is_sent_whole(tmp_path: Path) -> None:
    """UPLOAD-11, UPLOAD-12"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub, "a b/ü.txt")
        answer = await put(hub, place, b"hello", x_ms_blob_type="BlockBlob")
        assert (answer.status_code, answer.content) == (201, b"")
        assert answer.headers["etag"].startswith('"0x')
        assert answer.headers["last-modified"].endswith(" GMT")
        assert (tmp_path / "pump-1/a b/ü.txt").read_bytes() == b"hello"
        place["blobName"] = place["blobName"].replace("/", "%2F")
        assert (await put(hub, place, b"again")).status_code == 201
        assert (tmp_path / "pump-1/a b/ü.txt").read_bytes() == b"again"


@looped
async def test_a_blob_is_made_of_its_blocks(tmp_path: Path) -> None:
    """UPLOAD-11"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub)
        for name in "ab":
            query = f"&comp=block&blockid={block(name)}"
            assert (await put(hub, place, name.encode(), query)).status_code == 201
        assert not (tmp_path / "pump-1").exists()
        spaced = (
            b"<BlockList>\n <Latest> Yg== </Latest>\n<Committed>YQ&#61;=</Committed></BlockList>\n"
        )
        for body in (listed("b", "a"), spaced):  # whoever did not hear of it sends it again
            md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
            answer = await put(hub, place, body, "&comp=blocklist", Content_MD5=md5)
            assert answer.status_code == 201
        assert (tmp_path / "pump-1/log.txt").read_bytes() == b"ba"
        answer = await put(hub, place, listed("b", "c"), "&comp=blocklist")
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "InvalidBlockList")


@looped
async def test_what_is_there_is_written_over_unless_it_must_be_new(tmp_path: Path) -> None:
    """UPLOAD-12"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub)
        await put(hub, place, b"first")
        await put(hub, place, b"", f"&comp=block&blockid={block('a')}")
        for body, query in ((b"second", ""), (listed("a"), "&comp=blocklist")):
            answer = await put(hub, place, body, query, If_None_Match="*")
            assert answer.headers["x-ms-error-code"] == "BlobAlreadyExists"
        assert (tmp_path / "pump-1/log.txt").read_bytes() == b"first"


@looped
async def test_a_body_that_is_not_what_it_says_leaves_nothing(tmp_path: Path) -> None:
    """UPLOAD-13"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub)
        md5 = base64.b64encode(hashlib.md5(b"x").digest()).decode()
        assert (await put(hub, place, b"y", Content_MD5=md5)).status_code == 400
        assert not (tmp_path / "pump-1").exists()
        assert (await put(hub, place, b"x", Content_MD5=md5)).status_code == 201


@looped
async def test_who_sends_too_much_at_once_is_told_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UPLOAD-14, UPLOAD-15"""
    monkeypatch.setattr(sending, "MAX_BODIES", 0)
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        answer = await put(hub, await begun(hub), b"x")
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (503, "ServerBusy")
        assert answer.headers["retry-after"] == "1"


@looped
async def test_a_blob_has_bounds(tmp_path: Path) -> None:
    """UPLOAD-14"""
    async with running_hub(files=tmp_path, room=Room(max_blob=4, max_total=6)) as hub:
        await hub.device()
        place, other = await begun(hub), await begun(hub, "other")
        assert (await put(hub, place, b"12345")).status_code == 413
        assert (await put(hub, place, b"1234")).status_code == 201
        answer = await put(hub, other, b"123")
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (
            *(413,),
            "RequestBodyTooLarge",
        )
        assert (await put(hub, other, b"12")).status_code == 201
        (tmp_path / "pump-1/other").unlink()


@pytest.mark.parametrize(
    ("query", "body", "headers", "code"),
    [
        ("&comp=page", b"", {}, "InvalidQueryParameterValue"),
        ("", b"", {"x_ms_blob_type": "PageBlob"}, "InvalidQueryParameterValue"),
        ("", b"", {"Content_MD5": "?"}, "InvalidInput"),
        ("&comp=block", b"", {}, "MissingRequiredQueryParameter"),
        ("&comp=block&blockid=%3F", b"", {}, "InvalidInput"),
        (f"&comp=block&blockid={'A' * 88}", b"", {}, "InvalidQueryParameterValue"),
        ("&comp=blocklist", b"<Nothing/>", {}, "InvalidInput"),
        ("&comp=blocklist", b"<BlockList/>", {"Content_MD5": "YQ=="}, "InvalidInput"),
        *(("&comp=blocklist", one, {}, "InvalidInput") for one in NOT_LISTS),
        ("&comp=blocklist", listed(*"a" * 50_001), {}, "InvalidQueryParameterValue"),
    ],
)
@looped
async def test_what_a_blob_is_not_sent_as_is_told(
    query: str, body: bytes, headers: dict[str, str], code: str, tmp_path: Path
) -> None:
    """UPLOAD-11, UPLOAD-15"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        answer = await put(hub, await begun(hub), body, query, **headers)
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, code)
        assert answer.headers["content-type"].startswith("application/xml")
