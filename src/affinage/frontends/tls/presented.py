"""The certificate that the hub presents: as its files have it now, without a restart.

A handshake is made with what is presented when it begins; whoever is connected is none the wiser.

Source: docs/spec/tls.md, TLS-23 to TLS-25.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

import structlog
from OpenSSL import SSL

from affinage.domain.errors import Invalid
from affinage.frontends.tls.context import server_context
from affinage.ports.clock import Clock
from affinage.protocol.certificates import Certificate, parse
from affinage.protocol.chains import check_moment
from affinage.protocol.errors import ProtocolError
from affinage.services.checks.finding import Finding, Progress, Severity

LOOK_S: Final = 10.0
"""Seconds between two looks at the files."""

_REPLACE: Final = "write a certificate and its key, both: the hub takes them as it runs"

Stamp: TypeAlias = tuple[int, int, int]
"""Of a file that nobody has written to since: when that was, which file it is, how many bytes."""

_log = structlog.get_logger(__name__)


class Presented:
    def __init__(
        self,
        certificate: Path,
        key: Path,
        clock: Clock,
        renew: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        """Present what the files hold.

        Args:
            certificate: PEM, the server's own first.
            key: PEM, not encrypted.
            clock: tells when to look, and whether what was found there is valid.
            renew: told the time before each look; makes files anew that are the hub's own, and
                may raise OSError and ValueError.

        Raises:
            Invalid: the files cannot be read, or do not fit each other.
        """
        self._files, self._clock, self._renew = (certificate, key), clock, renew
        self._context = server_context(*self._files)
        self._taken = self._stamps()
        self._trouble = ""

    def context(self) -> SSL.Context:
        """For a handshake that begins now."""
        return self._context

    async def check(self, _: Progress) -> Sequence[Finding]:
        """A finding for the doctor, if the files hold what is not presented. Source: TLS-24."""
        if not self._trouble:
            return []
        what = f"the files are not taken, and the one before is shown: {self._trouble}"
        return [Finding("certificate", Severity.PROBLEM, what, _REPLACE)]

    async def run(self) -> NoReturn:
        """Look at the files every LOOK_S, until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Present what the files hold, if that has changed and can be presented."""
        try:
            self._renew(self._clock.now())
            stamps = self._stamps()
            if stamps != self._taken:
                self._take(stamps)
            self._trouble = ""
        except (Invalid, ProtocolError, OSError, ValueError) as error:
            self._keep(str(error))

    def _take(self, stamps: list[Stamp]) -> None:
        context, shown = server_context(*self._files), self._shown()
        check_moment(shown, self._clock.now())
        self._context, self._taken = context, stamps
        ends = f"{shown.not_after:%Y-%m-%dT%H:%M:%SZ}"
        _log.info("certificate taken", subject=shown.subject, thumbprint=shown.sha256, ends=ends)

    def _keep(self, trouble: str) -> None:
        """Go on with what is presented; told once, however long it lasts."""
        if trouble != self._trouble:
            self._trouble = trouble
            _log.warning("certificate not taken", error=trouble)

    def _stamps(self) -> list[Stamp]:
        return [
            (found.st_mtime_ns, found.st_ino, found.st_size)
            for found in (file.stat() for file in self._files)
        ]

    def _shown(self) -> Certificate:
        return parse(self._files[0].read_bytes().decode("latin-1"))[0]
