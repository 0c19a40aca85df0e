import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.identities import MAX_NAME, Identity, Username


def test_an_identity_is_spelled_as_a_client_id_and_as_the_root_of_its_topics() -> None:
    """MQTT-10."""
    assert (Identity("d").client_id, Identity("d", "m").client_id) == ("d", "d/m")
    assert Identity("d").root == "devices/d"
    assert Identity("d", "$edgeAgent").root == "devices/d/modules/$edgeAgent"


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("hub/d/?api-version=2021-04-12", Identity("d")),
        ("hub/d/m/?api-version=2021-04-12", Identity("d", "m")),
        ("hub/d/api-version=2016-11-14", Identity("d")),
        ("hub/d/m/DeviceClientType=x&api-version=2016-11-14", Identity("d", "m")),
        ("hub/d", Identity("d")),
        ("hub/d/m", Identity("d", "m")),
        ("hub/a?b%20/?", Identity("a?b%20")),
    ],
)
def test_every_form_of_user_name_names_its_identity(text: str, identity: Identity) -> None:
    """MQTT-11, MQTT-12."""
    assert Username.parse(text).identity == identity
    assert Username.parse(text).host == "hub"


def test_properties_are_decoded_and_unknown_ones_let_pass() -> None:
    """MQTT-14."""
    read = Username.parse("hub/d/?api-version=1999&DeviceClientType=py%2F2%20(x)&new=1&new=2")
    assert read.properties == {
        "api-version": "1999",
        "DeviceClientType": "py/2 (x)",
        "new": "1",
    }


LONG = "d" * (MAX_NAME + 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hub",
        "hub/",
        "/d",
        "hub//m",
        "hub/d//?a=b",
        "hub/a/b/c",
        f"hub/{LONG}",
        f"hub/d/{LONG}/?",
    ],
)
def test_what_is_not_a_user_name_is_refused(text: str) -> None:
    """MQTT-11."""
    with pytest.raises(ProtocolError, match="user name"):
        Username.parse(text)


def test_the_longest_names_are_read() -> None:
    """MQTT-11."""
    longest = Identity("d" * MAX_NAME, "m" * MAX_NAME)
    assert Username.parse(f"hub/{longest.client_id}/?api-version=1").identity == longest


def test_a_user_name_is_written_in_the_current_form() -> None:
    name = Username(
        "hub", Identity("d", "m"), {"api-version": "2021-04-12", "model-id": "dtmi:a;1"}
    )
    assert name.text == "hub/d/m/?api-version=2021-04-12&model-id=dtmi%3Aa%3B1"
    assert Username.parse(name.text) == name
