import asyncio
import os
import signal
import threading

from affinage.apps.cli.board import Bar
from affinage.apps.cli.reach import reach
from affinage.apps.cli.simulating import bars_of
from affinage.apps.simulator.driver import Sighting
from affinage.apps.simulator.firmware import Status
from affinage.apps.simulator.tally import Tally
from fakes.command_line import CommandLine


def sighting(device: str, status: Status, version: str, *, trouble: str = "") -> Sighting:
    return Sighting(device, status, "", version, is_online=not trouble, trouble=trouble)


def test_a_fleet_is_counted_by_what_an_operator_asks() -> None:
    tally = Tally()
    tally.take(sighting("a", Status.CURRENT, "2.0.0"))
    tally.take(sighting("b", Status.ROLLED_BACK, "1.0.0"))
    tally.take(sighting("c", Status.APPLYING, "1.0.0"))
    bars = bars_of(tally, 4, 4)
    assert bars == {
        "identities": Bar(4, 4),
        "connected": Bar(3, 4),
        "updating": Bar(1, 4),
        "on 1.0.0": Bar(2, 4),
        "on 2.0.0": Bar(1, 4),
    }


def test_trouble_and_silence_are_told_where_there_are_any() -> None:
    tally = Tally()
    tally.take(sighting("a", Status.CURRENT, "1.0.0", trouble="refused"))
    tally.take(Sighting("b", Status.DOWNLOADING, "", "1.0.0", is_online=False, is_dead=True))
    bars = bars_of(tally, 2, 2)
    assert (bars["in trouble"], bars["silent"]) == (Bar(1, 2), Bar(1, 2))


def test_a_fleet_lives_until_it_is_told_to_stop(affinage: CommandLine) -> None:
    stopper = threading.Thread(target=lambda: asyncio.run(interrupt_once_connected(affinage, 3)))
    stopper.start()
    words = ("--count", "3", "--prefix", "s", "--tag", "ring=canary", "--at-once", "2")
    answer = affinage.ok("simulate", *words)
    stopper.join()
    assert "identities 3/3" in answer.out
    assert affinage.json("twin", "show", "s-00000")["tags"] == {"ring": "canary"}


async def interrupt_once_connected(affinage: CommandLine, count: int) -> None:
    """As Ctrl-C does."""
    async with reach(affinage.folder, {}).service() as hub:
        while (await hub.service_statistics())["connectedDeviceCount"] != count:
            pass  # it answers when it does
    os.kill(os.getpid(), signal.SIGINT)


def test_a_risk_that_there_is_not_is_a_wrong_use(affinage: CommandLine) -> None:
    answer = affinage("simulate", "--risk", "meteor")
    assert answer.status == 2
    assert "power-old-slot" in answer.err


def test_a_fleet_comes_from_the_factory(affinage: CommandLine) -> None:
    affinage.ok("enrollment", "create", "line", "--group", "--tag", "ring=canary")
    stopper = threading.Thread(target=lambda: asyncio.run(interrupt_once_connected(affinage, 2)))
    stopper.start()
    answer = affinage.ok("simulate", "--count", "2", "--prefix", "Press", "--group", "line")
    stopper.join()
    assert "identities 2/2" in answer.out
    assert affinage.json("twin", "show", "press-00001")["tags"] == {"ring": "canary"}
    shown = affinage.json("registration", "show", "press-00001")
    assert (shown["status"], shown["symmetricKey"]) == ("assigned", {"enrollmentGroupId": "line"})


def test_the_tags_of_who_registers_are_its_groups(affinage: CommandLine) -> None:
    answer = affinage("simulate", "--group", "line", "--tag", "ring=canary")
    assert answer.status == 2
    assert "their group's" in answer.err
