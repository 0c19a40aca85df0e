"""How many files and connections this process may have open."""

import resource
from typing import Final

PLENTY: Final = 2**20
"""Asked for where the system sets no limit; more than one process can serve."""


def raised() -> int:
    """Ask for as many descriptors as the system lets us have; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = PLENTY if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
