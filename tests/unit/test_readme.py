"""The first page that anybody reads: what it asks one to type is there."""

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "README.md").read_text()
PAGES: Final = [
    ROOT / "docs/tutorial.md",
    *sorted((ROOT / "docs/howto").glob("*.md")),
    *sorted((ROOT / "docs/reference").glob("*.md")),
]


def test_its_commands_are_verbs_of_the_makefile() -> None:
    commands = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[0].splitlines()
    verbs = [re.sub(r" *#.*", "", command).removeprefix("make ") for command in commands]
    makefile = (ROOT / "Makefile").read_text()
    assert verbs == ["demo", "test"]
    assert all(re.search(rf"^{verb}:", makefile, re.MULTILINE) for verb in verbs)


def test_it_has_no_other_code() -> None:
    assert README.count("```") == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_is_in_the_index(page: Path) -> None:
    index = (ROOT / "docs/README.md").read_text()
    assert f"({page.relative_to(ROOT / 'docs')})" in index


def test_it_opens_with_three_sentences_and_the_picture() -> None:
    opening, picture = README.split("\n\n")[1:3]
    assert len(re.findall(r"\.(\s|$)", opening)) == 3
    assert picture.startswith("![")
    assert "](docs/images/demo.svg)" in picture


def test_it_asks_for_the_python_that_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"Python {project['requires-python'].removeprefix('>=')} or later" in README
