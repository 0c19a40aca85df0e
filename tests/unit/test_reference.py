"""The tables of settings and limits say what the code says, and leave nothing out."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from affinage.apps.cli import reach
from affinage.apps.cli.program import app
from affinage.apps.settings import HubSettings

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "src/affinage"
SETTINGS: Final = (ROOT / "docs/reference/settings.md").read_text()
LIMITS: Final = (ROOT / "docs/reference/limits.md").read_text()

LIMITING: Final = ("domain", "protocol", "services", "frontends")
"""The floors that refuse what passes a limit."""

NO_LIMITS: Final = {
    "domain.values.MAX_SHOWN": "shortens a message",
    "frontends.http.pages.MAX_ITEMS": "the name of a header",
    "protocol.mqtt.fields.MAX_BODY": "what the protocol can say; MAX_PACKET comes long before",
    "services.events.MAX_STAMPS": "refuses nothing",
    "services.checks.finding.MAX_DETAILS": "shortens a list",
    "services.fleet.writer.MAX_UNITS": "refuses nothing",
}


def cells(page: str) -> Iterator[list[str]]:
    """The rows of a page's tables, without their heads."""
    for line in page.splitlines():
        if line.startswith("| ") and not re.match(r"\| (what|in the file|variable) \|", line):
            yield [cell.strip() for cell in line.strip("|").split("|")]


ROWS: Final = [row for row in cells(LIMITS) if "." in row[2]]


def of_code(dotted: str) -> Any:
    module, _, name = dotted.strip("`").rpartition(".")
    return getattr(import_module(f"affinage.{module}"), name)


def constants() -> Iterator[str]:
    """Every constant of the code that is called a limit."""
    for floor in LIMITING:
        for path in (SOURCE / floor).rglob("*.py"):
            module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
            for name in re.findall(r"^(M(?:AX|IN)_\w+): Final", path.read_text(), re.MULTILINE):
                yield f"{module}.{name}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2])
def test_a_limit_is_the_codes(row: list[str]) -> None:
    assert float(row[1].replace(",", "")) == of_code(row[2])


def test_every_limit_of_the_code_is_in_the_table() -> None:
    told = {row[2].strip("`") for row in ROWS}
    assert {*constants()} - NO_LIMITS.keys() <= told


@pytest.mark.parametrize("row", [row for row in ROWS if row[3]], ids=lambda row: row[3])
def test_the_rule_beside_a_limit_is_stated(row: list[str]) -> None:
    pages = "".join(page.read_text() for page in (ROOT / "docs/spec").glob("*.md"))
    assert f"- **{row[3]}**" in pages


def settings() -> dict[str, tuple[str, str]]:
    """Name to option and default, as the page has them."""
    table = SETTINGS.split("## ", maxsplit=1)[0]
    return {row[0].strip("`"): (row[1], row[2].strip("`")) for row in cells(table)}


def test_every_setting_is_in_the_table_in_the_codes_order() -> None:
    assert [*settings()] == [field.name for field in fields(HubSettings)]


@pytest.mark.parametrize("name", settings())
def test_a_default_is_the_codes(name: str) -> None:
    told = settings()[name][1]
    expected = getattr(HubSettings(), name)
    if told == "none":
        assert expected is None
    else:
        assert HubSettings.read(None, **tomllib.loads(f"{name} = {told}")) == HubSettings()


def test_an_option_of_a_setting_is_one_of_serve() -> None:
    command = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]  # a group
    options = {option for parameter in command.params for option in parameter.opts}
    told = {found for option, _ in settings().values() for found in re.findall("--[a-z-]+", option)}
    assert options == told | {"--config"}


def test_the_file_that_sets_everything_is_read(tmp_path: Path) -> None:
    example = re.findall(r"```toml\n(.*?)```", SETTINGS, re.DOTALL)[0]
    assert [*tomllib.loads(example)] == [field.name for field in fields(HubSettings)]
    (tmp_path / "hub.toml").write_text(example)
    assert HubSettings.read(tmp_path / "hub.toml").max_configurations == 250


def test_every_variable_of_the_environment_is_in_the_table() -> None:
    told = re.findall(r"^\| `(AFFINAGE_\w+)` \|", SETTINGS, re.MULTILINE)
    assert told == [reach.CONNECTION_STRING, reach.CA_FILE, reach.HTTPS, reach.MQTT]
