"""The device SDK in the ways that it can be used: with and without asyncio, over MQTT alone and
over MQTT in a WebSocket. So one test is for all four.

A test sees the module of the SDK that waits; whatever of it makes a client makes one of this way.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from affinage.testing.waiting import PATIENCE_S

CLIENTS: Final = ("IoTHubDeviceClient", "IoTHubModuleClient")


@dataclass(frozen=True)
class Way:
    name: str
    is_asyncio: bool = False
    is_websocket: bool = False

    def __str__(self) -> str:
        return self.name


WAYS: Final = (
    Way("mqtt"),
    Way("websocket", is_websocket=True),
    Way("aio-mqtt", is_asyncio=True),
    Way("aio-websocket", is_asyncio=True, is_websocket=True),
)


@contextmanager
def sdk_in(way: Way, device_sdk: ModuleType) -> Iterator["Sdk | ModuleType"]:
    """The SDK used in that way; the loop of asyncio's is another thread's."""
    if way == WAYS[0]:
        yield device_sdk
        return
    if not way.is_asyncio:
        yield Sdk(device_sdk, way, lambda told: told)
        return
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(told: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(told, loop).result(PATIENCE_S)

    yield Sdk(device_sdk, way, wait)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class Sdk:
    def __init__(self, device_sdk: ModuleType, way: Way, wait: Callable[[Any], Any]) -> None:
        self._plain, self._wait, self._way = device_sdk, wait, way
        self._clients = import_module("azure.iot.device.aio") if way.is_asyncio else device_sdk

    def __getattr__(self, name: str) -> Any:
        if name not in CLIENTS:
            return getattr(self._plain, name)
        return Makers(getattr(self._clients, name), self._way.is_websocket, self._wait)


class Makers:
    """A class of clients: its methods make clients that can be used without asyncio."""

    def __init__(self, kind: type, is_websocket: bool, wait: Callable[[Any], Any]) -> None:
        self._kind, self._wait = kind, wait
        self._options = {"websockets": True} if is_websocket else {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        make = getattr(self._kind, name)
        return lambda *given, **options: Waiting(
            make(*given, **self._options, **options), self._wait
        )


class Waiting:
    """A client whose coroutines are waited for; handlers are set on it, as they are."""

    def __init__(self, client: Any, wait: Callable[[Any], Any]) -> None:
        vars(self).update(_client=client, _wait=wait)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._client, name)
        if not inspect.ismethod(member):
            return member
        return lambda *given, **options: self._told(member(*given, **options))

    def __setattr__(self, name: str, handler: Any) -> None:
        setattr(self._client, name, handler)

    def _told(self, told: Any) -> Any:
        return self._wait(told) if inspect.iscoroutine(told) else told
