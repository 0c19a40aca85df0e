"""Fuzz one target, led by what it covers: ``python tests/fuzz/run.py packets dist/fuzz 15``.

It begins with the seeds and what earlier runs kept in ``dist/fuzz/packets``. What breaks a law is
written there too, the process fails, and the fuzzer prints how to play it again; keep such a file
in tests/fuzz/found. Needs the extra ``fuzz``.
"""

import hashlib
import sys
from pathlib import Path
from typing import Final

import atheris

sys.path[:0] = [str(Path(__file__).parents[1])]

with atheris.instrument_imports(include=["affinage.protocol", "affinage.frontends"]):
    from fuzz.seeds import seeds
    from fuzz.targets import TARGETS

MAX_BYTES: Final = 2048
"""Of one input; longer ones find nothing else, and take their time."""


def main(name: str, folder: str, seconds: str) -> None:
    corpus = Path(folder) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for told in seeds(name):
        (corpus / hashlib.sha256(told).hexdigest()).write_bytes(told)
    limits = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", "-timeout=5"]
    options = [*limits, "-rss_limit_mb=1024", f"-artifact_prefix={corpus}/broke-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
