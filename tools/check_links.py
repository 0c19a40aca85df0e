"""Check that every relative link in our Markdown leads to a file, and to a heading, that is there.

Prints what leads nowhere, and each page that no other leads to, and exits 1. Addresses of other
sites are not asked for.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LINK: Final = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]*))?[^)]*\)")
ELSEWHERE: Final = re.compile(r"[a-z]+:")
CODE: Final = re.compile(r"```.*?```", re.DOTALL)
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)

Link = tuple[Path, str]
"""A file, and a heading of it, empty where none is named."""


def main(root: Path) -> int:
    """Print every breach below ``root``; 0 where there is none, else 1."""
    found = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("bench/**/*.md")]
    links = {page.resolve(): [*_links(page)] for page in sorted(found)}
    breaches = [*_dead(links), *_lonely(links, root.resolve() / "README.md")]
    for page, what in breaches:
        print(f"{page.relative_to(root.resolve())}: {what}")
    print(f"{len(links)} pages, {len(breaches)} links that lead nowhere or are missing")
    return 1 if breaches else 0


def _links(page: Path) -> Iterator[Link]:
    for path, heading in LINK.findall(CODE.sub("", page.read_text())):
        if not ELSEWHERE.match(path):
            yield ((page.parent / path).resolve() if path else page.resolve()), heading


def _dead(links: dict[Path, list[Link]]) -> Iterator[Link]:
    for page, leads in links.items():
        for target, heading in leads:
            if not target.exists():
                yield page, f"leads to {target.name}, which is not there"
            elif heading and target in links and heading not in _headings(target):
                yield page, f"{target.name} has no heading for #{heading}"


def _lonely(links: dict[Path, list[Link]], entrance: Path) -> Iterator[Link]:
    led = {target for page, leads in links.items() for target, _ in leads if target != page}
    for page in links.keys() - led - {entrance}:
        if page.name != "README.md" or page.parent not in led:  # a folder shows its README
            yield page, "no page leads here"


def _headings(page: Path) -> set[str]:
    """As they are named in addresses: in lower case, hyphens for spaces, little else kept."""
    texts = HEADING.findall(CODE.sub("", page.read_text()))
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in texts}


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:]) if sys.argv[1:] else Path(__file__).parents[1]))
