"""Messages of devices a second, each kept before it is acknowledged, over MQTT and TLS.

As many connections send as fast as they are answered; then half as fast, for the latency that is
not a queue's.
"""

import figures
import hubs
from figures import Figure

TARGET = ""
FIELD = "Azure S1 100 /s a hub at least, 12 /s a unit; S3 6,000 /s a unit"


def main() -> None:
    given = hubs.asked(__doc__, twins=100_000, connections=1_000, seconds=10)
    with hubs.hub(given.twins) as hub:
        numbers = hub.spread(given.connections)
        sending = ("--telemetry", "--seconds", given.seconds)
        full = hubs.told(hub.load(numbers, *sending))
        half = hubs.told(hub.load(numbers, *sending, "--rate", full["per_second"] / 2))
    figures.keep(
        "events",
        vars(given),
        [
            Figure(
                f"messages, each kept before its PUBACK, from {given.connections:,} connections",
                full["per_second"],
                "/s",
                TARGET,
                FIELD,
            ),
            Figure("the hub's processor time for each of them", full["hub_us"], "µs"),
            Figure("from message to PUBACK while all wait for theirs, p99", full["p99_ms"], "ms"),
            Figure("from message to PUBACK at half that rate, p50", half["p50_ms"], "ms"),
            Figure("from message to PUBACK at half that rate, p99", half["p99_ms"], "ms"),
        ],
    )


if __name__ == "__main__":
    main()
