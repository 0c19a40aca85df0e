"""apps/cli/reaching.py: commands that reach a device itself."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from affinage.apps.keys import Keys
from affinage.apps.place import Place, authority
from affinage.clients.trust import trust
from affinage.domain.names import TwinKey
from fakes.answering import answering
from fakes.command_line import CommandLine


@contextmanager
def connected(affinage: CommandLine, device: str, module: str | None = None) -> Iterator[None]:
    """The device is there and answers every method with what it was given."""
    place, ready = Place.read(affinage.folder), threading.Event()
    string = Keys(affinage.folder).of_identity(TwinKey(device, module))
    context = trust(authority(affinage.folder))
    loop = asyncio.new_event_loop()
    work = answering(string, place.address, place.mqtt_port, context, ready.set)
    running = loop.create_task(work)
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([running])))
    thread.start()
    assert ready.wait(20)
    yield
    loop.call_soon_threadsafe(running.cancel)
    thread.join()
    loop.close()


def test_a_device_and_a_module_run_methods(affinage: CommandLine) -> None:
    """METHOD-4"""
    affinage.ok("device", "create", "fan")
    affinage.ok("module", "create", "fan", "logger")
    with connected(affinage, "fan"):
        words = ("device", "invoke", "fan", "stop", "--payload", '{"after": 3}')
        assert affinage.json(*words) == {"status": 200, "payload": {"after": 3}}
        assert affinage.ok("device", "invoke", "fan", "stop").lines[0].split() == ["status", "200"]
    with connected(affinage, "fan", "logger"):
        answer = affinage.json("module", "invoke", "fan", "logger", "flush", "--payload", "now")
        assert answer["payload"] == "now"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("device", "invoke", "away", "stop"), "not connected"),
        (("device", "invoke", "away", "stop"), "--connect-timeout"),
        (("device", "invoke", "nobody", "stop"), "affinage device list"),
        (("device", "invoke", "away", "stop", "--timeout", "1"), "must be from 5 to 300"),
        (("device", "send", "away", "x", "--expires", "1"), "must be from 60 to 172800"),
        (("device", "purge", "nobody"), "affinage device list"),
        (("device", "send", "nobody", "x"), "no device nobody"),
    ],
)
def test_what_cannot_be_is_told(affinage: CommandLine, words: tuple[str, ...], said: str) -> None:
    if affinage("device", "show", "away").status:
        affinage.ok("device", "create", "away")
    answer = affinage(*words)
    assert answer.status == 1
    assert said in answer.err


def test_a_message_waits_until_it_is_purged(affinage: CommandLine) -> None:
    """MESSAGE-7, MESSAGE-14"""
    affinage.ok("device", "create", "mailed")
    affinage.ok("module", "create", "mailed", "m")
    words = ("device", "send", "mailed", "filter due", "--property", "line=4", "--ack", "full")
    assert affinage.json(*words, "--expires", "60").keys() == {
        "messageId",
        "enqueuedAt",
        "expiresAt",
    }
    affinage.ok("device", "send", "mailed", "x", "--module", "m")
    assert affinage.json("device", "show", "mailed")["cloudToDeviceMessageCount"] == 1
    assert "1 messages" in affinage.ok("device", "purge", "mailed").err
    assert affinage.json("module", "show", "mailed", "m")["cloudToDeviceMessageCount"] == 1


def test_a_payload_that_looks_like_json_must_be_json(affinage: CommandLine) -> None:
    assert affinage("device", "invoke", "any", "stop", "--payload", "{x").status == 2
