"""`affinage device` and `module`, where they reach the device itself: methods and messages."""

from pathlib import Path
from typing import Annotated

import typer

from affinage.apps.cli.assignments import parsed, texts_by_name
from affinage.apps.cli.options import DataOption, DeviceArgument, JsonOption, ModuleArgument
from affinage.apps.cli.output import say, show_document
from affinage.apps.cli.reach import ask
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.domain.messages import Ack
from affinage.domain.values import JsonObject, JsonValue

MethodArgument = Annotated[str, typer.Argument(metavar="METHOD", help="The method's name.")]
PayloadOption = Annotated[
    str | None, typer.Option(metavar="JSON", help="What the method is given, as '{\"delay\": 3}'.")
]
TimeoutOption = Annotated[
    int, typer.Option(metavar="SECONDS", help="How long it may take to answer: 5 to 300.")
]
ConnectOption = Annotated[
    int, typer.Option(metavar="SECONDS", help="How long it is waited for: 0 to 300.")
]
BodyArgument = Annotated[str, typer.Argument(metavar="BODY", help="The message's text.")]
PropertyOption = Annotated[
    list[str] | None,
    typer.Option("--property", metavar="NAME=VALUE", help="A property of the message."),
]
AckOption = Annotated[
    Ack,
    typer.Option(
        metavar="FATES", help="Which are told as feedback: none, positive, negative, full."
    ),
]
ExpiresOption = Annotated[
    int, typer.Option(metavar="SECONDS", help="How long it waits: 60 to 172800.")
]


def invoke_device(
    device: DeviceArgument,
    method: MethodArgument,
    payload: PayloadOption = None,
    timeout: TimeoutOption = 30,
    connect_timeout: ConnectOption = 0,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a device run a method, and show its answer.

    Example: `affinage device invoke chiller-00017 reboot --payload '{"delay": 3}'`
    """
    request = method_request(method, payload, timeout, connect_timeout)
    _show(data, device, None, request, as_json=as_json)


def invoke_module(
    device: DeviceArgument,
    module: ModuleArgument,
    method: MethodArgument,
    payload: PayloadOption = None,
    timeout: TimeoutOption = 30,
    connect_timeout: ConnectOption = 0,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a module run a method, and show its answer.

    Example: `affinage module invoke chiller-00017 logger flush`
    """
    request = method_request(method, payload, timeout, connect_timeout)
    _show(data, device, module, request, as_json=as_json)


def send(
    device: DeviceArgument,
    body: BodyArgument,
    properties: PropertyOption = None,
    ack: AckOption = Ack.NONE,
    expires: ExpiresOption = 3600,
    module: Annotated[
        str | None, typer.Option(metavar="MODULE", help="To this module of the device.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a device a message, which waits until the device has it.

    Example: `affinage device send chiller-00017 "filter due" --property line=4`
    """
    named: dict[str, JsonValue] = {**texts_by_name(properties, "--property")}
    message: JsonObject = {"body": body, "properties": named, "ack": ack, "ttlSeconds": expires}

    async def sent(hub: ServiceClient) -> JsonObject:
        return await NativeClient(hub).send_message(device, message, module=module)

    show_document(ask(data, sent), as_json=as_json)


def purge(device: DeviceArgument, data: DataOption = None) -> None:
    """Let all messages go that wait for a device.

    Example: `affinage device purge chiller-00017`
    """
    purged = ask(data, lambda hub: hub.purge(device))
    say(f"{purged} messages for {device} are purged")


def method_request(
    method: str, payload: str | None, timeout: int, connect_timeout: int
) -> JsonObject:
    """What a direct method takes; BadParameter if the payload begins like JSON and is none."""
    return {
        "methodName": method,
        "payload": None if payload is None else parsed(payload, "--payload"),
        "responseTimeoutInSeconds": timeout,
        "connectTimeoutInSeconds": connect_timeout,
    }


def _show(
    data: Path | None, device: str, module: str | None, request: JsonObject, *, as_json: bool
) -> None:
    answer = ask(data, lambda hub: hub.invoke(device, request, module=module))
    show_document(answer, as_json=as_json)
