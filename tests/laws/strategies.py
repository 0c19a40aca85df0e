"""JSON values, patches, twins and their histories for the laws, nasty ones first.

Names are few, so that what a patch names is often there; and values are short, so that no history
fills a section: its limit is a matter of the unit tests.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import UNSET

from affinage.domain import twin as twins
from affinage.domain.device import Device, Dirty, Flips, Module
from affinage.domain.identity import AuthType, Credentials, Identity, ModuleIdentity, Status
from affinage.domain.names import TwinKey
from affinage.domain.twin import Changed, Twin, TwinPatch
from affinage.domain.values import MAX_INTEGER, MIN_INTEGER, JsonObject, JsonValue

KEY: Final = TwinKey("pump")

NASTY_NAMES: Final = (
    *("azureiot*com^dtracing^1", "__proto__", "version", "metadata", "0", "-1", "é", "e\u0301"),
    *("\x7f", "\xa0", "\u2028", "\ufeff", "😀", "'", '"', "\\", "[0]", "/", "null", "n" * 30),
)
NASTY_LEAVES: Final[tuple[Any, ...]] = (
    *(True, False, 0, 1, -1, 1.0, 0.0, -0.0, 0.1, 5e-324, 1e308, 2.0**53, MIN_INTEGER, MAX_INTEGER),
    *(
        "",
        "0",
        "true",
        "null",
        "\x00",
        "\n\x1f\x80\x9f",
        "é",
        "😀",
        "\uffff",
        "$version",
        "x" * 30,
    ),
    *([], {}, [[]], [{}], [True], [1], [1.0], [0, False], [{"a": [{"b": 1}]}], [""]),
)
"""Where Python, JSON, UTF-8 and msgpack disagree about what is equal, empty, long or a number."""

REFUSED: Final[tuple[Any, ...]] = (
    *(float("nan"), float("inf"), MAX_INTEGER + 1, MIN_INTEGER - 1, 10**5000, "x" * 4097),
    *("\ud800", [None], [{"a": None}], {"": 1}, {"$version": 1}, {"a.b": 1}, {"\udfff": 1}),
)
"""What no twin may hold."""

names = st.sampled_from("abc") | st.sampled_from(NASTY_NAMES)
leaves: SearchStrategy[JsonValue] = st.one_of(
    st.sampled_from(NASTY_LEAVES),
    st.integers(MIN_INTEGER, MAX_INTEGER),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)


def _objects(inner: SearchStrategy[JsonValue]) -> SearchStrategy[JsonObject]:
    """Half of them with two names at most, so that patches meet what is there."""
    few = st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    return few | st.dictionaries(names, inner, max_size=3)


def _nested(leaf: SearchStrategy[JsonValue]) -> SearchStrategy[JsonValue]:
    """Up to three levels, so that what one value has as a leaf another has as an object."""
    inner = leaf
    for _ in range(3):
        inner = inner | _objects(inner)
    return inner


values: SearchStrategy[JsonObject] = _objects(_nested(leaves))
patches: SearchStrategy[JsonObject] = _objects(_nested(leaves | st.none()))


@st.composite
def junk(draw: st.DrawFn) -> JsonObject:
    """A patch with one value that is refused, somewhere."""
    bad: JsonObject = {draw(names): draw(st.sampled_from(REFUSED))}
    for name in draw(st.lists(names, max_size=9)):
        bad = {**draw(patches), name: bad}
    return bad


Write = Callable[[Twin, int], Changed]
"""Something that happens to a twin, at a moment."""


def _patched(change: TwinPatch, twin: Twin, at: int) -> Changed:
    return twins.patch(KEY, twin, change, at=at)


def _replaced(change: TwinPatch, twin: Twin, at: int) -> Changed:
    return twins.substitute(KEY, twin, change, at=at)


def _set(wanted: JsonObject, twin: Twin, at: int) -> Changed:
    return twins.write_desired(KEY, twin, wanted, at=at)


def _reported(change: JsonObject, twin: Twin, at: int) -> Changed:
    return twins.report(KEY, twin, change, at=at), ()


_section = st.just(UNSET) | st.none() | patches
changes = st.tuples(_section, _section).map(lambda sections: TwinPatch(*sections))
writes: SearchStrategy[Write] = st.one_of(
    changes.map(lambda change: partial(_patched, change)),
    changes.map(lambda change: partial(_replaced, change)),
    patches.map(lambda wanted: partial(_set, wanted)),
    patches.map(lambda change: partial(_reported, change)),
)
histories = st.lists(writes, max_size=6)


def after(history: Sequence[Write], twin: Twin) -> Twin:
    """The twin after its history, a write each millisecond."""
    for at, write in enumerate(history, start=1):
        twin, _ = write(twin, at)
    return twin


born = st.builds(twins.new_twin, st.just(0), values, values)
lived = st.builds(after, histories, born)

_sealed = st.none() | st.binary(max_size=40)
_digits = st.none() | st.just("aB" * 20)
_moments = st.none() | st.integers(0, 2**42)
credentials = st.builds(Credentials, st.sampled_from(AuthType), _sealed, _sealed, _digits, _digits)
_counts = st.integers(0, 2**63 - 1)
identities = st.builds(
    Identity,
    st.just("6" * 18),
    _counts,
    credentials,
    st.sampled_from(Status),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    _moments,
    st.booleans(),
    st.none() | st.just("ms-azure-iot-edge://a-1"),
    st.lists(st.just("ms-azure-iot-edge://b-2"), max_size=2).map(tuple),
)
module_identities = st.builds(
    ModuleIdentity, st.just("7" * 18), _counts, credentials, st.none() | st.just("IotEdge")
)
modules = st.builds(Module, names, module_identities, lived, _counts, _moments)
statuses = st.dictionaries(names, st.sampled_from(["Applied", "Targeted"]), max_size=2)


dirties = st.builds(
    Dirty, st.sampled_from(["", "would take 2 of 1 bytes"]), _counts, _counts, _counts
)
flips = st.builds(
    Flips,
    _counts,
    _counts,
    st.lists(_counts, min_size=1, max_size=3).map(tuple),
    st.none() | _counts,
)


@st.composite
def devices(draw: st.DrawFn) -> Device:
    """A device with up to two modules and everything that its row may hold."""
    made = draw(st.lists(modules, max_size=2))
    return Device(
        "pump",
        draw(identities),
        draw(lived),
        draw(_counts),
        {module.id: module for module in made},
        draw(st.dictionaries(names, _counts, max_size=2)),
        draw(st.none() | dirties),
        draw(st.none() | _counts),
        draw(st.dictionaries(names, flips, max_size=2)),
    )
