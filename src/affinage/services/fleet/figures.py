"""How much a fleet holds, for `/metrics` and `doctor`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """Of both collections together."""

    paths: int
    """That queries may use."""
    building: int
    """That are kept up, and whose rows are being entered."""
    refused: int
    """That have too many values for bitmaps, and are searched row by row."""
    dropped: int
    """That nobody used any more, or that made room; since the start."""
    bitmaps: int
    """One for each path and value."""


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """As of the last commit."""

    devices: int
    modules: int
    connected: int
    """Devices and modules that are connected now."""
    configurations: int
    """Those that exist: without tombstones."""
    index: IndexFigures
