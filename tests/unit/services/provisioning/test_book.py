"""Every enrollment and registration, as of the last commit."""

from msgspec.structs import replace

from affinage.domain.provisioning.registration import Asked, begun
from affinage.ports.store import Row, Table
from affinage.services.provisioning.book import Book, enrollment_row, registration_row
from fakes.enrolled import create
from fakes.life import Life, living
from fakes.looped import looped


async def furnished(life: Life) -> Book:
    book = Book(life.fleet)
    book.open()
    for name, is_group in (("b", False), ("a", False), ("G", True)):
        await life.fleet.save(enrollment_row(create(name, is_group=is_group)))
    for name in ("y", "x"):
        of = begun(None, name, create("G", is_group=True), Asked(name), operation="4", etag=1, at=1)
        await life.fleet.save(registration_row(of))
    return book


@looped
async def test_it_follows_what_is_committed_and_reads_it_at_the_start() -> None:
    """PROV-40"""
    async with living() as life:
        before = await furnished(life)
    async with living(life) as again:
        after = Book(again.fleet)
        after.open()
        for book in (before, after):
            assert [one.id for one in book.enrollments(groups=False)] == ["a", "b"]
            assert [one.id for one in book.enrollments("a", groups=False)] == ["b"]
            assert [one.id for one in book.enrollments(groups=True)] == ["G"]
            assert (book.counted(groups=False), book.counted(groups=True)) == (2, 1)
            assert [one.id for one in book.registrations()] == ["x", "y"]
            assert [one.id for one in book.members("group/g", "x")] == ["y"]
            assert book.registration_count == 2


@looped
async def test_what_goes_is_forgotten_and_what_moves_is_found_where_it_is() -> None:
    """PROV-23, PROV-28"""
    async with living() as life:
        book = await furnished(life)
        moved = book.registration("x")
        assert moved is not None
        await life.fleet.save(
            registration_row(replace(moved, enrollment="x", is_group=False)),
            Row(Table.REGISTRATIONS, "y", None),
            Row(Table.ENROLLMENTS, "group/g", None),
            Row(Table.ENROLLMENTS, "a", None),
        )
        assert (list(book.members("group/g")), book.groups()) == ([], [])
        assert (book.enrollment("a"), book.registration_count) == (None, 1)


@looped
async def test_a_lock_is_one_for_each_key() -> None:
    """PROV-44"""
    async with living() as life:
        book = Book(life.fleet)
        first = book.lock("a")
        assert (book.lock("a") is first, book.lock("b") is first) == (True, False)
