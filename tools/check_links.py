"""Check that every relative link in our Markdown leads to a file that is there.

Prints what leads nowhere and exits 1. Addresses of other sites are not asked for, and anchors
within a page are not followed.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LINK: Final = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
ELSEWHERE: Final = re.compile(r"[a-z]+:")
CODE: Final = re.compile(r"```.*?```", re.DOTALL)


def main(root: Path) -> int:
    """Print every link below ``root`` that leads nowhere; 0 where there is none, else 1."""
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("bench/**/*.md")]
    dead = [breach for page in sorted(pages) for breach in _dead(root, page)]
    for breach in dead:
        print(breach)
    print(f"{len(pages)} pages, {len(dead)} links that lead nowhere")
    return 1 if dead else 0


def _dead(root: Path, page: Path) -> Iterator[str]:
    for link in LINK.findall(CODE.sub("", page.read_text())):
        if not ELSEWHERE.match(link) and not (page.parent / link).exists():
            yield f"{page.relative_to(root)}: {link}"


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:]) if sys.argv[1:] else Path(__file__).parents[1]))
