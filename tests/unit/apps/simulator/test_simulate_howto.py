"""What docs/howto/simulate.md shows is there."""

import re
from pathlib import Path

from affinage.apps.simulator.faults import Kind, parse_risk

PAGE = (Path(__file__).parents[4] / "docs/howto/simulate.md").read_text()


def test_every_kind_of_risk_has_its_row() -> None:
    assert re.findall(r"^\| `([\w-]+)`", PAGE, re.MULTILINE) == [*Kind]


def test_every_risk_that_is_written_down_can_be_read() -> None:
    written = re.findall(r"^\| ([a-z-]+[:=]\S+) \|", PAGE, re.MULTILINE)
    written += re.findall(r"--risk (\S+)", PAGE)
    assert {parse_risk(risk).kind for risk in written} >= {Kind.HARDWARE, Kind.SILENCE}
