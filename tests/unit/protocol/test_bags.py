import pytest

from affinage.protocol.bags import Bag, format_bag, parse_bag


@pytest.mark.parametrize(
    ("text", "bag"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=&b", {"a": "", "b": None}),
        ("%24.mid=x%2Fy&$.cid=a=b", {"$.mid": "x/y", "$.cid": "a=b"}),
        ("a%20b=c%2fd&&", {"a b": "c/d"}),
    ],
)
def test_a_bag_is_read_with_its_encoding_undone(text: str, bag: Bag) -> None:
    """MQTT-20."""
    assert parse_bag(text) == bag


def test_of_a_doubled_name_the_first_counts() -> None:
    """MQTT-21."""
    assert parse_bag("a=1&a=2") == {"a": "1"}


def test_a_bag_is_written_encoded() -> None:
    assert format_bag({"$.mid": "x/y", "empty": "", "alone": None}) == (
        "%24.mid=x%2Fy&empty=&alone"
    )
