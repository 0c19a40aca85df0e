"""apps/cli/backing_up.py: the two commands, beside a hub that runs."""

from pathlib import Path

from fakes.command_line import CommandLine, run


def test_a_running_hub_is_backed_up_and_restored(affinage: CommandLine, tmp_path: Path) -> None:
    affinage.ok("device", "create", "kept")
    file, again = tmp_path / "hub.backup", tmp_path / "again"
    made = affinage.json("backup", str(file))
    restored = run("restore", str(file), "--data", str(again), "--json")
    assert restored.document == made
    assert made["parts"][:2] == ["hub.db", "vault.key"]
    assert (again / "vault.key").read_bytes() == (affinage.folder / "vault.key").read_bytes()


def test_it_says_that_the_file_is_a_secret(affinage: CommandLine, tmp_path: Path) -> None:
    answer = affinage.ok("backup", str(tmp_path / "hub.backup"))
    assert "keep it as you keep keys" in answer.err
    assert answer.lines[0].split() == ["file", str(tmp_path / "hub.backup")]


def test_a_file_that_is_there_is_kept_unless_forced(affinage: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert affinage("backup", str(tmp_path / "file")).status == 1
    assert (tmp_path / "file").read_text() == "mine"
    affinage.ok("backup", str(tmp_path / "file"), "--force")


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    answer = run("restore", str(tmp_path / "file"), "--data", str(tmp_path / "again"))
    assert answer.status == 1
    assert "is no backup" in answer.err
    assert not (tmp_path / "again").exists()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    answer = run("restore", str(tmp_path / "none"), "--data", str(tmp_path / "again"))
    assert answer.status == 1
    assert "No such file" in answer.err
