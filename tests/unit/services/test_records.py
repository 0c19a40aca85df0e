"""services/records.py, by links: what else is in their table is none of them."""

from affinage.domain.provisioning.link import Link, own
from affinage.ports.store import Row, Table
from affinage.services.fleet.unit import Change, View
from affinage.services.records import Records
from fakes.life import Life, living
from fakes.looped import looped


def opened(life: Life) -> Records[Link]:
    made = Records(
        life.fleet, Link, Table.PROVISIONING, prefix="hub/", begin={"own.test": own("own.test")}
    )
    made.open()
    return made


@looped
async def test_what_is_committed_is_known_and_known_again_after_a_restart() -> None:
    async with living() as life:
        records = opened(life)
        other = Row(Table.PROVISIONING, "idScope", b"\x80")
        await life.fleet.save(records.row("a.test", own("a.test", weight=2)), other)
        assert (records["a.test"].weight, [*records]) == (2, ["own.test", "a.test"])
    async with living(life) as again:
        records = opened(again)
        assert len(records) == 2
        await again.fleet.save(records.row("a.test", None))
        assert "a.test" not in records


@looped
async def test_a_unit_sees_what_those_before_it_in_the_commit_have_written() -> None:
    async with living() as life:
        records = opened(life)
        seen: list[list[str]] = []

        def decide(view: View) -> Change[None]:
            seen.append([*records.seen(view)])
            name = f"{len(seen)}.test"
            return Change(lambda _: None, rows=(records.row(name, own(name)),))

        first, second = life.fleet.change(decide), life.fleet.change(decide)
        await first
        await second
        assert seen == [["own.test"], ["own.test", "1.test"]]
