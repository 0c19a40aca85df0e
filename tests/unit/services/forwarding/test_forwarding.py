"""All targets: none holds up another; how it is with each is told."""

from typing import Any

import pytest

from affinage.domain.errors import Unavailable
from affinage.domain.forwarding import Target
from affinage.services.checks.finding import Progress, Severity
from affinage.services.forwarding import forwarding
from fakes.forwarded import URL, Forwarded, forwarded
from fakes.looped import looped

AWAY = Unavailable("historian answered 503")


def figures(one: Forwarded) -> dict[str, Any]:
    return {
        family.name.removeprefix("affinage_"): {s.labels[0]: s.value for s in family.samples}
        for family in one.all.families()
    }


async def told(one: Forwarded) -> tuple[Severity, str]:
    (finding,) = await one.all.check(Progress())
    assert bool(finding.next_step) == (finding.severity is not Severity.OK)
    return finding.severity, finding.what


@looped
async def test_a_target_that_is_away_holds_up_no_other_and_no_device() -> None:
    """FORWARD-8"""
    async with forwarded(Target("historian", URL), Target("other", URL)) as one:
        one.sinks["historian"].failures = [AWAY] * 5
        await one.send("1")
        await one.turn()
        await one.send("2")
        await one.turn()
        assert (one.bodies("historian"), one.bodies("other")) == ([], ["1", "2"])


@looped
async def test_how_far_each_is_behind_is_told() -> None:
    """FORWARD-13, METRICS-1"""
    async with forwarded() as one:
        one.sinks["historian"].failures += [AWAY, AWAY]
        await one.send("1", "2")
        await one.turn()
        await one.turn(1)
        assert figures(one)["forward_lag_events"] == {"historian": 2}
        assert await told(one) == (
            Severity.WARNING,
            "historian has not been reached since 2025-01-01 00:00:00Z: historian answered 503",
        )
        await one.turn(2)
        assert figures(one) == {
            "forwarded_events_total": {"historian": 2},
            "forward_failures_total": {"historian": 2},
            "forward_lost_events_total": {"historian": 0},
            "forward_refused_events_total": {"historian": 0},
            "forward_lag_events": {"historian": 0},
        }
        assert await told(one) == (Severity.OK, "historian is 0 events behind")


@looped
async def test_a_target_that_does_not_keep_up_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """FORWARD-13"""
    monkeypatch.setattr(forwarding, "BEHIND", 2)
    async with forwarded() as one:
        await one.send("1", "2")
        assert await told(one) == (Severity.WARNING, "historian is 2 events behind")


@looped
async def test_what_the_feed_let_go_before_a_target_had_it_is_a_problem() -> None:
    """FORWARD-6"""
    async with forwarded() as one:
        one.sinks["historian"].failures.append(AWAY)
        await one.send("1")
        await one.turn()
        await one.send(*map(str, range(2, 150)))
        await one.feed.store.prune(max_bytes=0, before=0)
        await one.turn(1)
        await one.turn()
        assert one.bodies()[0] == "1"
        lost = figures(one)["forward_lost_events_total"]["historian"]
        assert lost > 0
        assert one.bodies()[-1] == "149"
        assert await told(one) == (
            Severity.PROBLEM,
            f"{lost} events were gone before historian had them",
        )


@looped
async def test_a_refused_event_is_counted() -> None:
    """FORWARD-7"""
    async with forwarded() as one:
        one.sinks["historian"].most = 0
        await one.send("1")
        await one.turn()
        assert figures(one)["forward_refused_events_total"] == {"historian": 1}
        assert (await told(one))[0] is Severity.OK


@looped
async def test_without_targets_there_is_nothing_to_do() -> None:
    none = forwarding.Forwarding([], None, None, None)  # type: ignore[arg-type]  # needs nothing
    await none.open()
    await none.run()
    assert not await none.check(Progress())
    assert not [sample for family in none.families() for sample in family.samples]
    await none.close()
