"""A client of paho 2 on strings: each line that it reads is a call, each that it prints an event.

It runs apart from the tests, as the device SDK needs paho 1: ``python puppet.py`` with PYTHONPATH
where paho 2 is. Calls and events are JSON: ``["subscribe", ["a/#", 1]]``, ``["message", {…}]``.
"""

import json
import sys
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


def tell(event: str, **what: Any) -> None:
    print(json.dumps([event, what]), flush=True)  # noqa: T201


def made(how: dict[str, Any]) -> paho.Client:
    """A client that tells of all that happens to it."""
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        how["client_id"],
        clean_session=None if how.get("version") == MQTTProtocolVersion.MQTTv5 else how["clean"],
        protocol=MQTTProtocolVersion(how.get("version", MQTTProtocolVersion.MQTTv311)),
        transport=how.get("transport", "tcp"),
        reconnect_on_failure=False,
        manual_ack=how.get("manual_ack", False),
    )
    client.max_inflight_messages_set(how.get("in_flight", 20))
    client.username_pw_set(how["username"], how["password"])
    client.tls_set(how["ca_file"])
    client.ws_set_options("/$iothub/websocket")
    if will := how.get("will"):
        client.will_set(*will)
    client.on_connect = lambda _, __, flags, code, ___: tell(
        "connected", present=flags.session_present, code=code.value, why=str(code)
    )
    client.on_disconnect = lambda _, __, ___, code, ____: tell("lost", why=str(code))
    client.on_subscribe = lambda _, __, ___, codes, ____: tell(
        "subscribed", codes=[code.value for code in codes]
    )
    client.on_publish = lambda _, __, packet_id, ___, ____: tell("acknowledged", id=packet_id)
    client.on_log = lambda _, __, ___, text: tell("ponged") if "PINGRESP" in text else None
    client.on_message = lambda _, __, message: tell(
        "message",
        topic=message.topic,
        body=message.payload.decode(),
        qos=message.qos,
        dup=message.dup,
        retain=message.retain,
        id=message.mid,
    )
    return client


def main() -> None:
    client = None
    for line in sys.stdin:
        call, arguments = json.loads(line)
        match call:
            case "connect":
                how = arguments[0]
                client = made(how)
                client.connect(how["host"], how["port"], keepalive=how.get("keep_alive", 60))
                client.loop_start()
            case "fall_silent":
                assert client is not None
                client.loop_stop()
            case "drop":
                assert client is not None
                client.loop_stop()
                client.socket().close()
            case _:
                getattr(client, call)(*arguments)


if __name__ == "__main__":
    main()
