"""Durable reported updates a second, over MQTT and TLS, in one process.

1,000 connections report as fast as they are answered; then half as fast, for the latency that is
not a queue's. Then two ways to touch more of the fleet: 10,000 connections; and 1,000 of which
each goes over to another device after 20 reports, a handshake and a CONNECT included.
"""

import figures
import floors
import hubs
from figures import Figure

TARGET = "≥ 15,000 /s"
FIELD = "Azure S1 50 /s, S3 250 /s a unit; Ditto 800 /s, on nine pods 3,200 /s"


def main() -> None:
    given = hubs.asked(__doc__, twins=100_000, connections=1_000, many=10_000, seconds=10, stay=20)
    with hubs.hub(given.twins) as hub:
        numbers = hub.spread(given.connections)
        timed = ("--seconds", given.seconds)
        full = hubs.told(hub.load(numbers, *timed))
        half = hubs.told(hub.load(numbers, *timed, "--rate", full["per_second"] / 2))
        many = hubs.told(hub.load(hub.spread(given.many), *timed))
        places = ("--connections", given.connections, "--stay", given.stay)
        wide = hubs.told(hub.load(hub.spread(given.twins), *timed, *places))
    codec, store = floors.codec(), floors.store(256)
    figures.keep(
        "reports",
        vars(given),
        [
            Figure(
                f"reported updates, each durable before it is answered, over TLS,"
                f" {given.connections:,} connections, {given.twins:,} twins",
                full["per_second"],
                "/s",
                TARGET,
                FIELD,
                f"{store:,} /s: the store alone, 256 rows a commit",
            ),
            Figure(
                "the hub's processor time for each of them",
                full["hub_us"],
                "µs",
                "",
                "",
                f"{1e6 / codec:.1f} µs: the codec alone",
            ),
            Figure("the load's own, for comparison", full["load_us"], "µs"),
            Figure("from report to answer while all wait for theirs, p99", full["p99_ms"], "ms"),
            Figure("from report to answer at half that rate, p50", half["p50_ms"], "ms"),
            Figure("from report to answer at half that rate, p99", half["p99_ms"], "ms"),
            Figure(f"reported updates from {given.many:,} connections", many["per_second"], "/s"),
            Figure("the hub's processor time for each of them", many["hub_us"], "µs"),
            Figure(
                f"reported updates while {given.connections:,} connections move on after"
                f" {given.stay} each, {wide['touched']:,} devices in all",
                wide["per_second"],
                "/s",
            ),
            Figure("the hub's processor time for each, handshakes included", wide["hub_us"], "µs"),
        ],
    )


if __name__ == "__main__":
    main()
