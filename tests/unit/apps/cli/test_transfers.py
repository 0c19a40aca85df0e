"""`affinage job export` and `import`, against a hub that has a folder for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from affinage.apps.cli.transfers import insist
from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject
from fakes.command_line import CommandLine, served_hub


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("transfers")


@pytest.fixture(scope="module")
def affinage(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[CommandLine]:
    with served_hub(tmp_path_factory.mktemp("hub") / "data", transfer_folder=folder) as line:
        yield line


def test_what_is_exported_is_imported(affinage: CommandLine, folder: Path) -> None:
    """TRANSFER-8, TRANSFER-9"""
    affinage.ok("device", "create", "t", "--tag", "a=1")
    answer = affinage.ok("job", "export", folder.as_uri())
    assert "completed" in answer.out
    assert answer.err.splitlines()[-1] == "export 100/100"
    assert "primaryKey" in (folder / "devices.txt").read_text()
    affinage.ok("device", "delete", "t")
    assert affinage.json("job", "import", folder.as_uri())["status"] == "completed"
    assert affinage.json("twin", "show", "t")["tags"] == {"a": 1}


def test_keys_are_left_out_where_it_is_said(affinage: CommandLine, folder: Path) -> None:
    """TRANSFER-8"""
    key = affinage.json("device", "create", "k", "--show-keys")["authentication"]["symmetricKey"]
    words = ("job", "export", "-", "--name", "bare.txt", "--without-keys")
    affinage.ok(*words, stdin=f"{folder.as_uri()}\n")
    text = (folder / "bare.txt").read_text()
    assert '"k"' in text
    assert key["primaryKey"] not in text


def test_what_the_settings_do_not_name_is_refused(affinage: CommandLine) -> None:
    """TRANSFER-5"""
    answer = affinage("job", "export", "https://backup.example.com/hub?sig=secret")
    assert answer.status == 1
    assert "secret" not in answer.err
    missing = affinage("job", "import", "file:///etc")
    assert missing.status == 1


def test_one_whose_file_is_not_there_has_failed(affinage: CommandLine, folder: Path) -> None:
    """TRANSFER-10"""
    answer = affinage("job", "import", folder.as_uri(), "--name", "none.txt")
    assert (answer.status, "is failed: " in answer.err) == (1, True)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"status": "running"}, "stopped before export x has ended: it goes on"),
        ({"status": "cancelled"}, "export x is cancelled$"),
        ({"status": "failed", "failureReason": "no room"}, "export x is failed: no room"),
    ],
)
def test_all_but_its_completion_is_refused(found: JsonObject, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        insist({"jobId": "x", "type": "export", **found})
