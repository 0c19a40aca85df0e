"""Chance that can be repeated: every draw has a name, so no draw depends on the order of others."""

import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_RANGE: Final = 2**64


def draw(seed: int, *names: str) -> float:
    """A number in [0, 1): always the same for the same seed and names, even for ones elsewhere."""
    text = "\n".join((str(seed), *names)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8]) / _RANGE


def pick(choices: Sequence[T], seed: int, *names: str) -> T:
    """One of ``choices``, which must not be empty, each as likely as the others."""
    return choices[int(draw(seed, *names) * len(choices))]
