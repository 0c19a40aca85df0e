"""What a target is told, under which name, and when again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinage.domain.errors import Invalid
from affinage.domain.forwarding import Target, pause_s, subject_of
from affinage.domain.values import JsonObject

URL = "https://historian.test/events"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "Historian"}, "name 'Historian' is not of a-z"),
        ({"name": ""}, "name '' is not of"),
        ({"name": "a" * 64}, "is not of"),
        ({"url": "ftp://a"}, "url does not begin"),
        ({"url": "https://"}, "url does not begin"),
        ({"url": "https://me:secret@a"}, "holds a password"),
        ({"url": "http://a", "token_file": "t"}, "over https or tls only"),
        ({"url": "nats://a", "token_file": "t"}, "over https or tls only"),
        ({"kinds": ("telegraph",)}, "'telegraph' is none of telemetry, twin"),
        ({"subject": "a..b"}, "no subject of NATS"),
        ({"subject": "a.>"}, "no subject of NATS"),
        ({"subject": "a b"}, "no subject of NATS"),
        ({"subject": "{colour}"}, "no subject of NATS"),
    ],
)
def test_a_target_that_could_not_be_meant_is_refused(given: dict[str, Any], told: str) -> None:
    """FORWARD-12: and what is refused does not show the address."""
    with pytest.raises(Invalid, match=told) as refused:
        Target(**{"name": "historian", "url": URL, **given})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", [URL, "http://a", "nats://a:4222", "tls://a"])
def test_a_target_is_an_address_of_http_or_of_nats(url: str) -> None:
    target = Target("a-1", url, subject="plant.{kind}-{device}.x")
    assert target.is_nats == (url[0] in "nt")


def test_a_target_wants_the_kinds_that_it_names_or_all() -> None:
    """FORWARD-1"""
    every, one = Target("a", URL), Target("a", URL, kinds=("twin",))
    both = Target("a", URL, kinds=("twin", "hub"))
    assert (every.kind, one.kind, both.kind) == (None, "twin", None)
    told: list[JsonObject] = [{"kind": "twin"}, {"kind": "hub"}, {"kind": "device"}]
    assert [*map(every.wants, told)] == [True, True, True]
    assert [*map(both.wants, told)] == [True, True, False]


@pytest.mark.parametrize(
    ("device", "subject"),
    [("pump-1", "a.twin.pump-1"), ("a.b*c>d e", "a.twin.a%2Eb%2Ac%3Ed%20e"), (None, "a.twin._")],
)
def test_an_event_has_a_subject_of_its_own(device: str | None, subject: str) -> None:
    """FORWARD-9"""
    event: JsonObject = {"kind": "twin", **({"deviceId": device} if device else {})}
    assert subject_of("a.{kind}.{device}", event) == subject


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_no_id_makes_a_subject_longer_or_another(device: str) -> None:
    """FORWARD-9"""
    subject = subject_of("{device}", {"kind": "twin", "deviceId": device})
    assert not {*subject} & {*". *>\t\r\n"}


def test_pauses_grow_up_to_a_minute_and_heed_a_wish_up_to_five() -> None:
    """FORWARD-4"""
    assert [pause_s(failures) for failures in (1, 2, 3, 6, 7, 10_000)] == [1, 2, 4, 32, 60, 60]
    assert [pause_s(1, wish) for wish in (0.0, 10.0, 3_600.0)] == [1, 10, 300]
    assert pause_s(7, 5.0) == 60
