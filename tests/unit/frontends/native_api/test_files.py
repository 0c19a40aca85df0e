"""frontends/native_api/files.py."""

from pathlib import Path

from fakes.hub import running_hub
from fakes.looped import looped
from fakes.uploading import begun, put

FILES = "/affinage/v1/files"


@looped
async def test_a_file_is_listed_fetched_and_deleted(tmp_path: Path) -> None:
    """UPLOAD-30 to UPLOAD-32"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        for name in ("a b/c.html", "d"):
            await put(hub, await begun(hub, name), b"<b>whole</b>")
        page = await hub.get(FILES, params={"device": "pump-1", "limit": 1})
        assert [row["name"] for row in page["rows"]] == ["pump-1/a b/c.html"]
        page = await hub.get(FILES, params={"after": page["next"]})
        assert ([row["name"] for row in page["rows"]], page["next"]) == (["pump-1/d"], None)
        for path in ("pump-1/a%20b/c.html", "pump-1%2Fa%20b%2Fc.html"):
            answer = await hub.ask("GET", f"{FILES}/{path}")
            assert (answer.status_code, answer.content) == (200, b"<b>whole</b>")
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await hub.ask("DELETE", f"{FILES}/pump-1/d")).status_code == 204
        assert [path.name for path in (tmp_path / "pump-1").iterdir()] == ["a b"]


@looped
async def test_a_file_that_there_is_not_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    """UPLOAD-31, UPLOAD-33"""
    async with running_hub(files=tmp_path) as hub:
        (tmp_path / "secret").write_text("not theirs")
        for name, status in (("pump-1/x", 404), ("pump-1%2F..%2Fsecret", 400), ("secret", 400)):
            answer = await hub.ask("GET", f"{FILES}/{name}")
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await hub.client.get(FILES)).status_code == 401
