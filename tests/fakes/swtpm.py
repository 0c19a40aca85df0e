"""A TPM of Debian's packages swtpm and tpm2-tools, driven by their commands as a device does it."""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from affinage.testing.waiting import wait_until
from fakes.chip import parts, sized

PROGRAMS: Final = ("swtpm", "tpm2_import")
EK, SRK = "0x81010001", "0x81000001"
"""Where public clients keep them."""

_CREDENTIAL: Final = struct.pack(">II", 0xBADCC0DE, 1)
"""How a file of tpm2_activatecredential begins."""

_SRK_IS: Final = "restricted|decrypt|fixedtpm|fixedparent|noda|userwithauth|sensitivedataorigin"


def is_installed() -> bool:
    return all(map(shutil.which, PROGRAMS))


@dataclass(frozen=True)
class Swtpm:
    folder: Path
    ports: tuple[int, int]

    def begin(self) -> None:
        """Make the two keys that a new chip has."""
        self.run("tpm2_createek", "-c", EK, "-G", "rsa", "-u", "ek.made")
        template = ("-g", "sha256", "-G", "rsa2048:aes128cfb", "-a", _SRK_IS)
        self.run("tpm2_createprimary", "-C", "o", *template, "-c", "srk.ctx")
        self.run("tpm2_evictcontrol", "-C", "o", "-c", "srk.ctx", SRK)
        self._forget()

    def public(self, handle: str) -> bytes:
        """A key as TPM2B_PUBLIC."""
        self.run("tpm2_readpublic", "-c", handle, "-f", "tss", "-o", "public")
        return (self.folder / "public").read_bytes()

    def activate(self, blob: bytes) -> None:
        """Take up the key that was wrapped for this chip, as the one to sign with."""
        identity, secret, private, seed, public, _ = parts(blob)
        self.write("credential", _CREDENTIAL + sized(identity) + sized(secret))
        self.write("duplicate", sized(private))
        self.write("seed", sized(seed))
        self.write("public", sized(public))
        self.run("tpm2_startauthsession", "--policy-session", "-S", "session")
        self.run("tpm2_policysecret", "-S", "session", "-c", "e")
        opened = ("-i", "credential", "-o", "inner", "-P", "session:session")
        self.run("tpm2_activatecredential", "-c", SRK, "-C", EK, *opened)
        self.run("tpm2_flushcontext", "session")
        wrapped = ("-i", "duplicate", "-u", "public", "-k", "inner", "-s", "seed")
        self.run("tpm2_import", "-C", SRK, *wrapped, "-r", "private")
        self.run("tpm2_load", "-C", SRK, "-u", "public", "-r", "private", "-c", "key.ctx")
        self._forget()

    def hmac(self, message: bytes) -> bytes:
        """What the key that was taken up last makes of a message."""
        self.write("message", message)
        self.run("tpm2_hmac", "-c", "key.ctx", "-g", "sha256", "-o", "signature", "message")
        self._forget()
        return (self.folder / "signature").read_bytes()

    def _forget(self) -> None:
        """Make room: there is no resource manager between the commands and the chip."""
        self.run("tpm2_flushcontext", "-t")

    def write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def run(self, program: str, *arguments: str) -> None:
        where = {"TPM2TOOLS_TCTI": f"swtpm:host=127.0.0.1,port={self.ports[0]}"}
        done = subprocess.run(
            [program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=os.environ | where,
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def running_swtpm(folder: Path, ports: tuple[int, int]) -> Iterator[Swtpm]:
    """A new chip, for as long as the context lasts."""
    state = folder / "state"
    state.mkdir()
    places = [f"type=tcp,bindaddr=127.0.0.1,port={port}" for port in ports]
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}"]
    command += ["--server", places[0], "--ctrl", places[1]]
    with subprocess.Popen([*command, "--flags", "not-need-init,startup-clear"]) as process:
        try:
            wait_until((state / "tpm2-00.permall").exists)
            chip = Swtpm(folder, ports)
            chip.begin()
            yield chip
        finally:
            process.terminate()
