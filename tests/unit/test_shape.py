"""The shape of the house, checked: what import-linter and ruff cannot say."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SRC: Final = ROOT / "src"

PURE: Final = frozenset(
    {
        "__future__",
        "affinage",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "string",
        "struct",
        "types",
        "typing",
        "unicodedata",
        "urllib.parse",
        "warnings",
    }
)
"""What the core may import: an allow-list, so that a new library that waits cannot slip in."""

ADMITTED: Final = {"domain": PURE | {"msgspec"}, "protocol": PURE | {"cryptography"}}
ON_DEVICES: Final = {*sys.stdlib_module_names, "affinage", "cryptography"}

MAX_LINES: Final = 400
FORBIDDEN_WORDS: Final = frozenset(
    {"utils", "helpers", "common", "misc", "base", "manager", "processor", "info"}
)
"""As a word of a name: such a name says that nobody knew what the thing is."""

ENGINE: Final = "affinage.services.fleet"
"""What the services stand on: it asks nobody who they are."""

ASYNCIO_NAMED_IT: Final = {"get_extra_info"}

FORBIDDEN_FORMS: Final = re.compile(r"data|do_\w+|handle_\w+|\w*Impl|_?Abstract\w*")
HANDLERS: Final = ("affinage/frontends/",)

NOT_FOR_THE_TREE: Final = re.compile(r"\bTO[D]O\b|pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)")
"""Work left for later, and the hosts of package indexes: where to install from is the machine's."""

NOT_OURS: Final = {".git", ".venv", "node_modules", "dist", "build", "__pycache__", ".hypothesis"}


def sources(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in (SRC / "affinage").glob(pattern))


def tree(folder: Path = ROOT) -> Iterator[Path]:
    """Every text file that is ours to answer for."""
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS or path.name.endswith("_cache"):
            continue
        if path.is_dir():
            yield from tree(path)
        elif b"\0" not in path.read_bytes()[:4096]:
            yield path


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path) -> Iterator[str]:
    """The modules that a file names in imports, dotted, as far as the text can tell."""
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names if is_ours(module))
            case _:
                pass


def is_ours(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] == "affinage"


def needed(path: Path, seen: set[Path]) -> set[str]:
    """The libraries that importing ``path`` loads, through our own modules too."""
    if path in seen or not path.exists():
        return set()
    seen.add(path)
    names = {*imported(path)}
    ours = {SRC / module.replace(".", "/") for module in names if is_ours(module)}
    inner = {found for stem in ours for found in (stem.with_suffix(".py"), stem / "__init__.py")}
    packages = {folder / "__init__.py" for found in inner for folder in found.parents}
    return names.union(*(needed(found, seen) for found in inner | packages))


def defined(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(parsed(path)):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case _:
                pass


def is_forbidden(word: str) -> bool:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word)
    if word in ASYNCIO_NAMED_IT:
        return False
    return bool(FORBIDDEN_FORMS.fullmatch(word)) or not FORBIDDEN_WORDS.isdisjoint(
        spaced.lower().split("_")
    )


def methods(path: Path) -> Iterator[ast.AsyncFunctionDef]:
    """The public coroutines of public classes and of the module itself."""
    body = parsed(path).body
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            body = [*body, *node.body]
    for node in body:
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


@pytest.mark.parametrize("path", sources("domain/**/*.py", "protocol/**/*.py"), ids=name)
def test_the_core_is_pure_and_never_waits(path: Path) -> None:
    floor = path.relative_to(SRC / "affinage").parts[0]
    roots = {module if module in PURE else module.split(".")[0] for module in imported(path)}
    assert roots <= ADMITTED[floor]
    assert not [node for node in ast.walk(parsed(path)) if isinstance(node, ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", sources("clients/**/*.py"), ids=name)
def test_what_ships_to_devices_needs_no_extra(path: Path) -> None:
    assert {module.split(".")[0] for module in needed(path, set())} <= ON_DEVICES


@pytest.mark.parametrize("path", sources("frontends/**/*.py"), ids=name)
def test_no_door_reaches_past_the_services_to_the_fleet(path: Path) -> None:
    assert not [module for module in imported(path) if module.startswith(ENGINE)]


@pytest.mark.parametrize("path", sources("services/*.py"), ids=name)
def test_every_service_method_is_told_who_asks(path: Path) -> None:
    asked = [method for method in methods(path) if not is_stage(method)]
    assert not [method.name for method in asked if "Principal" not in named(method).get("by", "")]


def is_stage(method: ast.AsyncFunctionDef) -> bool:
    """Whether it is a stage of the service's life: told nothing, it tells nobody anything."""
    silent = {"None", "NoReturn"}
    return len(method.args.args) == 1 and not named(method) and returned(method) in silent


def returned(method: ast.AsyncFunctionDef) -> str:
    return ast.unparse(method.returns) if method.returns else ""


def named(method: ast.AsyncFunctionDef) -> dict[str, str]:
    """The arguments that must be named, with their annotations."""
    return {arg.arg: ast.unparse(arg.annotation or arg) for arg in method.args.kwonlyargs}


@pytest.mark.parametrize("path", sources("**/*.py"), ids=name)
def test_a_name_says_what_the_thing_is(path: Path) -> None:
    may_handle = str(path.relative_to(SRC)).startswith(HANDLERS)
    bad = [
        f"line {line}: {word}"
        for word, line in [*defined(path), (path.stem, 1), (path.parent.name, 1)]
        if is_forbidden(word) and not (may_handle and word.startswith("handle_"))
    ]
    assert not bad, bad


def test_no_file_is_longer_than_one_can_keep_in_mind() -> None:
    long = {name(path): lines(path) for path in tree() if path.suffix == ".py"}
    assert not {path: count for path, count in long.items() if count > MAX_LINES}


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_nothing_is_left_for_later_and_no_package_index_is_named() -> None:
    found = [
        f"{name(path)}: {match[0]}"
        for path in tree()
        for match in NOT_FOR_THE_TREE.finditer(path.read_text())
    ]
    assert not found, found


@pytest.mark.parametrize(
    "word", ["utils", "TwinManager", "device_info", "do_it", "StoreImpl", "AbstractStore", "data"]
)
def test_such_a_name_is_caught(word: str) -> None:
    assert is_forbidden(word)


@pytest.mark.parametrize("word", ["data_received", "base64url", "information", "redo", "database"])
def test_such_a_name_is_not(word: str) -> None:
    assert not is_forbidden(word)


def test_a_library_that_only_a_neighbour_imports_is_seen() -> None:
    path = SRC / "affinage/domain/principal.py"
    assert "re" in needed(path, set()) - {*imported(path)}
