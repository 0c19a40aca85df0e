"""apps/sinks.py: what reaches each target of the settings."""

import sys
from pathlib import Path

import pytest

from affinage.adapters.http.sink import HttpSink
from affinage.adapters.nats.sink import NatsSink
from affinage.apps.sinks import sinks
from affinage.domain.errors import Invalid
from affinage.domain.forwarding import Target
from fakes.authority import authority
from fakes.looped import looped


@looped
async def test_each_target_has_what_reaches_it(tmp_path: Path) -> None:
    """FORWARD-3"""
    (tmp_path / "token").write_text("secret\n")
    ca, token = str(authority().ca_file), str(tmp_path / "token")
    targets = [
        Target("one", "https://a.test/", token_file=token, ca=ca),
        Target("two", "tls://a.test", token_file=token, ca=ca),
        Target("three", "http://a.test/"),
    ]
    made = sinks(targets, "hub.test")
    assert [target for target, _ in made] == targets
    assert [type(sink) for _, sink in made] == [HttpSink, NatsSink, HttpSink]
    for _, sink in made:
        await sink.close()


@pytest.mark.parametrize(
    ("member", "content", "told"),
    [
        ("token_file", None, "forward a: token_file cannot be read: FileNotFoundError"),
        ("token_file", b"\xff", "forward a: token_file cannot be read: UnicodeDecodeError"),
        ("ca", None, "forward a: ca cannot be read: FileNotFoundError"),
        ("ca", b"none", "forward a: ca cannot be read: SSLError"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    member: str, content: bytes | None, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    target = Target("a", "https://a.test/", **{member: str(file)})  # type: ignore[arg-type]  # one of two
    with pytest.raises(Invalid, match=told):
        sinks([target], "hub.test")


def test_without_the_library_of_nats_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "affinage.adapters.nats.sink", None)
    with pytest.raises(Invalid, match=r"forward a: NATS needs .* with its extra nats"):
        sinks([Target("a", "nats://a.test")], "hub.test")
    assert sinks([], "hub.test") == []
