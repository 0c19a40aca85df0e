"""What figures are measured on: the machine, its clocks, and what a process takes of it."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import apsw

PAGE: Final = os.sysconf("SC_PAGE_SIZE")
TICK: Final = os.sysconf("SC_CLK_TCK")


def description() -> dict[str, Any]:
    """The machine, as far as it matters to the figures."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(PAGE * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def busy_s(pid: int) -> float:
    """Processor time that a process has taken, with all its threads, in steps of a tick."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_bytes(pid: int) -> int:
    """The memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def percentile(measured: Sequence[float], share: float) -> float:
    """The smallest that so many are not above; 0 if there are none."""
    ordered = sorted(measured)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
