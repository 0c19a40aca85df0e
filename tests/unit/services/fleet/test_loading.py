"""What is loaded is what was remembered when the hub stopped."""

from msgspec.structs import replace

from affinage.adapters.memory.store import MemoryStore
from affinage.domain.device import Dirty, Presence
from affinage.domain.groups import create
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection
from affinage.ports.store import Row
from affinage.services.fleet import codec
from affinage.services.fleet.loading import load
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.unit import Change
from fakes.commits import Commits, configuration, configuring, deleting, device, putting
from fakes.looped import looped

REMEMBERED = (
    "numbers",
    "ids_by_number",
    "bodies",
    "modules",
    "presences",
    "connected_count",
    "configurations",
    "carriers",
    "ids",
    "next_number",
    "next_module_number",
)


async def loaded(hub: Commits) -> Memory:
    """A memory that read what this one has written."""
    store, memory = MemoryStore(), Memory()
    await store.commit([Row(table, key, body) for (table, key), body in hub.rows.items()])
    load(memory, store)
    return memory


@looped
async def test_what_is_loaded_is_what_was_remembered() -> None:
    hub = Commits()
    made = device("c"), device("e"), device("d", None, "m")
    hub.run(configuring(configuration("one")), putting(*made))
    hub.run(deleting("c"))
    hub.run(Change(lambda _: None, presence={TwinKey("d", "m"): Presence(connected=True)}))
    memory = await loaded(hub)
    for name in REMEMBERED:
        assert getattr(memory, name) == getattr(hub.memory, name), name
    for collection in Collection.DEVICES, Collection.MODULES:
        there = hub.memory.bitmaps[collection].everything
        assert memory.bitmaps[collection].everything == there
    assert set(memory.rulebook.rules) == {"one"}


@looped
async def test_what_is_due_is_due_after_a_start() -> None:
    hub = Commits()
    hub.run(putting(device("clean"), device("dirty"), device("drifted")))
    batch = hub.batch()
    for due in (
        replace(hub.device("dirty"), dirty=Dirty("why", 0)),
        replace(hub.device("drifted"), drifted_at=7),
    ):
        batch.overlay.put(due.id, hub.device(due.id), due)
    hub.commit(batch)
    memory = await loaded(hub)
    assert memory.pending.numbers == hub.memory.pending.numbers
    assert [*memory.pending.dirty, *memory.pending.drifts.due(7)] == [2, 3]


@looped
async def test_an_empty_store_is_an_empty_fleet() -> None:
    memory = await loaded(Commits())
    assert (memory.numbers, memory.next_number, memory.next_module_number) == ({}, 1, 1)


def test_an_outline_has_the_members_of_a_device() -> None:
    """In their order: a row is an array. Of a row from before a member was added, too."""
    fields = codec.Outline.__struct_fields__
    assert fields == type(device("d")).__struct_fields__
    assert codec.outline(codec.encode(device("d"))).is_plain
    assert not codec.outline(codec.encode(device("d", None, "m"))).is_plain
    assert not codec.outline(codec.encode(replace(device("d"), drifted_at=1))).is_plain
    older = ["d", *[None] * 2, 5]
    assert codec.outline(codec.encode(older)).is_plain


@looped
async def test_what_conditions_mean_is_known_from_the_start() -> None:
    """GROUP-6: groups are read before the configurations that name them."""
    hub = Commits()
    early = create("early", {"condition": "tags.ring = 'a'"}, at=0)
    hub.run(Change(lambda _: None, groups={"early": early}))
    hub.run(configuring(configuration("one", "GROUP('early')")))
    memory = await loaded(hub)
    assert memory.rulebook.groups.by_name == {"early": early}
    assert memory.rulebook.rules["one"].names == {("tags", "ring")}


@looped
async def test_clients_that_say_the_same_share_one_text_in_memory() -> None:
    """MQTT-59"""
    hub = Commits()
    for name in ("c", "d"):
        here = Presence(connected=True, product=f"pump/{MANY}")
        hub.run(Change(lambda _: None, presence={TwinKey(name): here}))
    memory = await loaded(hub)
    one, other = (memory.presence(TwinKey(name)).product for name in ("c", "d"))
    assert one == f"pump/{MANY}"
    assert one is other


MANY = 7
