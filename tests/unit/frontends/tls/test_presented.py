"""frontends/tls/presented.py: a certificate that changes under the hub's feet."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from affinage.adapters.files.certificates import Certificates
from affinage.adapters.system.clock import wall_time
from affinage.domain.errors import Invalid
from affinage.frontends.tls.presented import LOOK_S, Presented
from affinage.frontends.tls.transport import serve_tls
from affinage.services.checks.finding import Progress, Severity
from fakes.clock import FixedClock
from fakes.logging_restored import logging_restored
from fakes.looped import looped
from fakes.tls import HOST, Door

DAYS = 24 * 3600


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    with logging_restored():
        yield


class Renewed:
    """What a hub presents, of files that are replaced now and then."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self.certificate, self.key = folder / "hub.pem", folder / "hub.key"
        self.replace()
        self.clock = FixedClock(wall_time())
        self.presented = Presented(self.certificate, self.key, self.clock)
        self.first = self.presented.context()

    def replace(self, *, certificate: bool = True, key: bool = True, days: int = 0) -> None:
        """Another certificate, made so many days from now."""
        self._count += 1
        made = Certificates(self._folder / str(self._count))
        made.ensure([HOST], wall_time() + timedelta(days=days))
        if certificate:
            self.certificate.write_bytes(made.server.read_bytes())
        if key:
            self.key.write_bytes(made.server_key.read_bytes())

    def looked(self) -> list[tuple[str, str]]:
        """What is logged of a look: the event, and the error."""
        with capture_logs() as logs:
            self.presented.look()
        return [(log["event"], log.get("error", "")) for log in logs]

    @property
    def is_kept(self) -> bool:
        return self.presented.context() is self.first


@pytest.fixture
def renewed(tmp_path: Path) -> Renewed:
    return Renewed(tmp_path)


def test_files_that_changed_are_presented(renewed: Renewed) -> None:
    """TLS-23"""
    assert renewed.looked() == []
    renewed.replace()
    assert (renewed.looked(), renewed.is_kept) == ([("certificate taken", "")], False)
    assert renewed.looked() == []


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda one: one.replace(key=False), "key values mismatch"),
        (lambda one: one.replace(certificate=False), "key values mismatch"),
        (lambda one: one.key.unlink(), "No such file"),
        (lambda one: one.certificate.write_text("no PEM"), "no start line"),
        (lambda one: one.replace(days=-500), "the certificate expired at"),
        (lambda one: one.replace(days=5), "the certificate is valid from"),
    ],
)
def test_files_that_cannot_be_presented_change_nothing_and_are_told_once(
    renewed: Renewed, harm: Callable[[Renewed], None], why: str
) -> None:
    """TLS-24"""
    harm(renewed)
    ((event, error),) = renewed.looked()
    assert event == "certificate not taken"
    assert why in error
    assert (renewed.looked(), renewed.is_kept) == ([], True)
    renewed.replace()
    assert (renewed.looked(), renewed.is_kept) == ([("certificate taken", "")], False)


@looped
async def test_the_doctor_tells_of_files_that_are_not_taken(renewed: Renewed) -> None:
    """TLS-24"""
    assert await renewed.presented.check(Progress()) == []
    renewed.key.unlink()
    renewed.presented.look()
    [found] = await renewed.presented.check(Progress())
    assert (found.check, found.severity) == ("certificate", Severity.PROBLEM)
    assert "No such file" in found.what
    renewed.replace()
    renewed.presented.look()
    assert await renewed.presented.check(Progress()) == []


def test_a_certificate_from_tomorrow_is_presented_tomorrow(renewed: Renewed) -> None:
    """TLS-24"""
    renewed.replace(days=2)
    assert [event for event, _ in renewed.looked()] == ["certificate not taken"]
    renewed.clock.advance(2 * DAYS)
    assert renewed.looked() == [("certificate taken", "")]


def test_without_good_files_there_is_nothing_to_begin_with(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        Presented(tmp_path / "none.pem", tmp_path / "none.key", FixedClock())


@looped
async def test_the_hubs_own_are_made_anew_before_they_end(tmp_path: Path) -> None:
    """TLS-25"""
    clock, made = FixedClock(wall_time()), Certificates(tmp_path)
    made.ensure([HOST], clock.now())
    presented = Presented(made.server, made.server_key, clock, lambda now: made.renew([HOST], now))
    looking, first = asyncio.ensure_future(presented.run()), presented.context()
    for seconds, is_kept in ((LOOK_S, True), (336 * DAYS, True), (2 * DAYS, False)):
        await asyncio.sleep(0)
        clock.advance(seconds)
        await asyncio.sleep(0)
        assert (presented.context() is first) is is_kept
    looking.cancel()


@looped
async def test_who_is_connected_stays_and_who_comes_sees_the_new_one(renewed: Renewed) -> None:
    """TLS-23"""

    def echo() -> Door:
        door = Door()
        door.on_data = lambda data: door.transport.write(data)  # noqa: PLW0108  # it has none yet
        return door

    server = await serve_tls(echo, renewed.presented.context, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    first = await connected(port)
    renewed.replace()
    renewed.presented.look()
    second = await connected(port)
    assert certificate_of(first) != certificate_of(second)
    for reader, writer in (first, second):
        writer.write(b"still here")
        assert await reader.readexactly(10) == b"still here"
        writer.transport.abort()
    server.close()


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=HOST)


def certificate_of(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bytes:
    found: bytes = streams[1].get_extra_info("ssl_object").getpeercert(binary_form=True)
    return found
