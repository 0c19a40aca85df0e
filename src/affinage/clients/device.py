"""What a device or a module says to its hub: connect, read the twin, report, send telemetry.

Decided here: what a connection begins with, and what the hub's answers mean to the caller. Not
here: what the hub says of itself (`listening`), and when to connect again.

A process may hold thousands of these; share one DeviceOptions between them.

Source: docs/spec/mqtt.md.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from affinage.clients.link import CONNACK, SUBACK, Link
from affinage.clients.listening import (
    Listeners,
    Message,
    OnDesired,
    OnMessage,
    OnMethod,
    parsed,
    spelled,
)
from affinage.clients.refusals import declined, refused
from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError
from affinage.protocol.identities import API_VERSION, Identity, Username
from affinage.protocol.mqtt.packets import (
    REFUSED_FILTER,
    Connack,
    Connect,
    Publish,
    Suback,
    Subscribe,
)
from affinage.protocol.tokens import make_token
from affinage.protocol.topics import (
    DesiredNotification,
    DeviceBound,
    MethodRequest,
    ReportedPatch,
    Telemetry,
    TwinGet,
    TwinResponse,
    parse_delivery,
)

MQTT_PORT: Final = 8883

TOKEN_LIFE_S: Final = 3600
"""Seconds that a token opens the door; a hub may cut the connection some minutes after."""

_ERRORS_FROM: Final = 300
_PING_AT: Final = 0.75
"""Of the keep-alive that the hub was told, how much passes between two pings."""


class DeviceTwin(NamedTuple):
    """What a device sees of its twin: no tags, and no `$` members."""

    desired: JsonObject
    desired_version: int
    reported: JsonObject
    reported_version: int


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    context: ssl.SSLContext
    port: int = MQTT_PORT
    address: str | None = None
    """Where to connect to; None for the host of the connection string. The name that the hub has
    to prove is that host's in either case."""
    keep_alive_s: int = 240
    timeout_s: float = 60.0
    """How long any one answer may take."""
    agent: str = "affinage-device"
    """What kind of client the hub is told that this is."""


async def connect(
    string: ConnectionString,
    options: DeviceOptions,
    *,
    now: float,
    on_desired: OnDesired,
    on_lost: Callable[[], None],
    on_method: OnMethod | None = None,
    on_message: OnMessage | None = None,
) -> "DeviceClient":
    """Connect one identity, and subscribe to its twin, and to what there is a listener for.

    Args:
        string: of a device or a module; without a key, the certificate in the options' context
            is the proof.
        options: may be shared by all the devices of a process.
        now: seconds since 1970, UTC: when the token begins that lasts TOKEN_LIFE_S.
        on_desired: see OnDesired.
        on_method: see OnMethod; None to be asked for none.
        on_message: see OnMessage; None to leave messages where they are.
        on_lost: told once when the connection ends, unless the caller ended it or it never
            stood.

    Raises:
        Unauthorized: the hub does not know the identity, or not the key.
        Invalid: the hub cannot admit this client, now or later.
        Unavailable: no connection, no answer in time, or the hub says to try again.
        ssl.SSLError: the hub could not prove that it is the host.
    """
    listeners = Listeners(on_desired, on_method, on_message)
    client = DeviceClient(string, options, listeners, on_lost=on_lost)
    try:
        await client.open(now)
    except BaseException:
        client.abort()
        raise
    return client


async def enter(link: Link, host: str, options: DeviceOptions, greeting: Connect) -> None:
    """Dial a hub that proves to be ``host``, and be let in by it; raises as `connect`."""
    await link.dial(
        options.address or host,
        options.port,
        host=host,
        context=options.context,
        timeout_s=options.timeout_s,
    )
    answer = await link.ask(CONNACK, greeting, timeout_s=options.timeout_s)
    if isinstance(answer, Connack) and answer.code:
        raise refused(greeting.client_id, answer.code)


class DeviceClient:
    """One identity's connection; `connect` makes it."""

    __slots__ = ("_is_up", "_link", "_listeners", "_on_lost", "_options", "_requests", "_string")

    def __init__(
        self,
        string: ConnectionString,
        options: DeviceOptions,
        listeners: Listeners,
        *,
        on_lost: Callable[[], None],
    ) -> None:
        self._string = string
        self._options = options
        self._listeners = listeners
        self._on_lost = on_lost
        self._link = Link(self.name, on_publish=self._take, on_lost=self._lost)
        self._is_up = False
        self._requests = 0

    @property
    def name(self) -> str:
        """``device``, or ``device/module``."""
        return self._identity.client_id

    @property
    def is_open(self) -> bool:
        return self._is_up and self._link.is_open

    async def open(self, now: float) -> None:
        """Dial, prove who this is, subscribe; `connect` calls it, once."""
        string, options = self._string, self._options
        host = string.gateway or string.host
        await enter(self._link, host, options, self._greeting(now))
        wanted = Subscribe(1, self._listeners.filters(self._identity))
        answer = await self._link.ask(SUBACK, wanted, timeout_s=options.timeout_s)
        if isinstance(answer, Suback) and REFUSED_FILTER in answer.codes:
            raise Invalid(f"the hub lets {self.name} not subscribe to {_refused(wanted, answer)}")
        self._is_up = True
        self._link.keep_alive(options.keep_alive_s * _PING_AT)

    async def get_twin(self) -> DeviceTwin:
        """Read the whole twin.

        Raises:
            Unavailable: the connection is gone, or no answer came in time.
            AffinageError: another one, if the hub answers with an error.
            ProtocolError: the hub answers with what is no twin.
        """
        rid = self._next_rid()
        answer = await self._ask(rid, Publish(TwinGet(rid).topic, b" "))
        twin = _object(answer.payload)
        return DeviceTwin(*_section(twin.get("desired")), *_section(twin.get("reported")))

    async def report(self, patch: JsonObject) -> int:
        """Merge ``patch`` into the reported properties; gives their new version.

        Raises:
            Unavailable: the connection is gone, or no answer came in time; the hub may have merged
                the patch all the same.
            AffinageError: another one, if the hub refuses the patch; it has merged nothing then.
        """
        rid = self._next_rid()
        answer = await self._ask(rid, Publish(ReportedPatch(rid).topic, spelled(patch)))
        delivery = parse_delivery(answer.topic)
        return (isinstance(delivery, TwinResponse) and delivery.version) or 0

    async def send(self, body: bytes, properties: Mapping[str, str | None] | None = None) -> None:
        """Send telemetry; returns when the hub has kept it.

        Args:
            properties: those of the system as the wire has them, such as ``$.ct`` for the content
                type; None for none.

        Raises:
            Unavailable: the connection is gone, or no answer came in time; the hub may have kept
                the message all the same. It hangs up on a message that it refuses.
        """
        topic = Telemetry(self._identity, properties or {}).topic
        await self._link.publish(topic, body, timeout_s=self._options.timeout_s)

    async def close(self) -> None:
        """Say goodbye, and wait until the connection has ended."""
        await self._link.close()

    def abort(self) -> None:
        """End the connection without a word, as a device does that loses its power."""
        self._link.abort()

    @property
    def _identity(self) -> Identity:
        assert self._string.device is not None, "the connection string of a policy is no device's"
        return Identity(self._string.device, self._string.module)

    def _greeting(self, now: float) -> Connect:
        string, password = self._string, None
        if string.key is not None:
            token = make_token(string.resource, string.key, int(now) + TOKEN_LIFE_S)
            password = token.encode()
        bag: dict[str, str | None] = {
            "api-version": API_VERSION,
            "DeviceClientType": self._options.agent,
        }
        username = Username(string.host, self._identity, bag).text
        return Connect(
            self._identity.client_id, username, password, self._options.keep_alive_s, clean=False
        )

    def _next_rid(self) -> str:
        self._requests += 1
        return str(self._requests)

    async def _ask(self, rid: str, request: Publish) -> Publish:
        answer = await self._link.ask(rid, request, timeout_s=self._options.timeout_s)
        assert isinstance(answer, Publish)  # only a PUBLISH is given to who waits for a rid
        delivery = parse_delivery(answer.topic)
        if isinstance(delivery, TwinResponse) and delivery.status >= _ERRORS_FROM:
            raise declined(self.name, delivery.status, answer.payload)
        return answer

    def _take(self, packet: Publish) -> bool:
        match parse_delivery(packet.topic):
            case TwinResponse(rid=rid):
                self._link.answer(rid, packet)
            case DesiredNotification(version):
                patch, _ = _section(_object(packet.payload))
                self._listeners.on_desired(patch, version)
            case MethodRequest() as request:
                if (answer := self._listeners.run(request, packet.payload)) and self.is_open:
                    self._link.send(answer)
            case DeviceBound(properties=properties):
                return self._listeners.take(Message(packet.payload, properties, packet.dup))
        return True

    def _lost(self) -> None:
        if self._is_up:
            self._on_lost()


def _refused(wanted: Subscribe, answer: Suback) -> str:
    pairs = zip(wanted.filters, answer.codes, strict=False)
    return ", ".join(text for (text, _), code in pairs if code == REFUSED_FILTER)


def _object(payload: bytes) -> JsonObject:
    document = parsed(payload)
    if not is_object(document):
        raise ProtocolError("the hub sent JSON that is not an object")
    return document


def _section(value: JsonValue) -> tuple[JsonObject, int]:
    """A section without its `$` members, and its version."""
    section = value if is_object(value) else {}
    version = section.get("$version")
    plain = {name: inner for name, inner in section.items() if not name.startswith("$")}
    return plain, version if isinstance(version, int) else 0
