"""The picture of the demo: what is in it, and what is not."""

import re
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Final
from xml.etree import ElementTree

import pytest

ROOT: Final = Path(__file__).parents[2]
PICTURE: Final = ROOT / "docs/images/demo.svg"
MAX_BYTES: Final = 40_000


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = util.spec_from_file_location("draw_demo", ROOT / "tools/draw_demo.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(svg: str) -> str:
    """The words of a picture, as one reads them."""
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return "".join(text.text or "" for text in texts).replace("\N{NO-BREAK SPACE}", " ")


def test_the_picture_asks_nobody_for_anything() -> None:
    svg = PICTURE.read_text()
    assert re.findall(r"https?:[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert "@font-face" not in svg
    assert "url(" not in svg
    assert len(svg) <= MAX_BYTES


def test_the_picture_shows_both_stages_and_the_way_back() -> None:
    told = shown(PICTURE.read_text())
    assert "the second group still has 1.0.0" in told
    assert "Only now, the second group" in told
    assert "all of hardware revision B" in told
    assert "all are back on 2.0.0" in told


def test_nothing_is_drawn_before_the_third_chapter(tool: ModuleType) -> None:
    console = tool.canvas()
    show = tool.Picture(console)
    for title in ("one", "two", "three", "four"):
        show.chapter(title)
    assert shown(tool.drawn(console)) == "affinage demo3. three4. four"


def test_bars_at_nothing_are_left_out(tool: ModuleType) -> None:
    console = tool.canvas()
    console.record = True
    with tool.Picture(console).bars() as bars:
        bars.add_task("waiting", total=2)
        bars.add_task("under way", total=2, completed=1)
    told = shown(tool.drawn(console))
    assert "under way" in told
    assert "waiting" not in told
