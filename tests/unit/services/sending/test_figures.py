"""services/sending/figures.py."""

from pathlib import Path

import pytest

from affinage.domain.errors import BodyTooLarge, TooManyUploads
from fakes.looped import looped
from fakes.sending import uploading


@looped
async def test_what_becomes_of_uploads_is_counted(tmp_path: Path) -> None:
    """METRICS-4, METRICS-5"""
    async with uploading(tmp_path) as hub:
        for well in (True, True, False):
            place = await hub.begin()
            await hub.put(place, b"12345")
            await hub.finish(place, well=well)
        await hub.stage(await hub.begin(device="e"), "a", b"123")
        assert hub.told() == {
            "s": 1,
            "_bodies": 0,
            "_bytes": 8,
            "_bytes_limit": 100,
            "_received_bytes_total": 18,
            "s_ended_total:succeeded": 2,
            "s_ended_total:failed": 1,
            "s_ended_total:expired": 0,
            "s_refused_total:too_many_uploads": 0,
            "s_refused_total:body_too_large": 0,
            "s_refused_total:throttled": 0,
            "s_refused_total:unavailable": 0,
        }


@looped
async def test_what_there_is_no_room_for_is_counted(tmp_path: Path) -> None:
    """METRICS-5"""
    async with uploading(tmp_path) as hub:
        places = [await hub.begin(str(number)) for number in range(10)]
        with pytest.raises(TooManyUploads):
            await hub.begin()
        for _ in range(2):
            with pytest.raises(BodyTooLarge):
                await hub.put(places[0], b"12345678901")
        told = hub.told()
        assert (told["s_refused_total:too_many_uploads"], told["s"]) == (1, 10)
        assert told["s_refused_total:body_too_large"] == 2
