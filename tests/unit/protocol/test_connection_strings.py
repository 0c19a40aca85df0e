import pytest

from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError

STRINGS = {
    "HostName=hub;SharedAccessKeyName=service;SharedAccessKey=AAA=": "hub",
    "HostName=hub;DeviceId=d;SharedAccessKey=AAA=": "hub/devices/d",
    "HostName=hub;DeviceId=d;ModuleId=m;SharedAccessKey=AAA=": "hub/devices/d/modules/m",
    "HostName=hub;DeviceId=d;x509=true": "hub/devices/d",
    "HostName=hub;GatewayHostName=gate;DeviceId=d=1;SharedAccessKey=AAA=": "hub/devices/d=1",
}


@pytest.mark.parametrize("text", STRINGS)
def test_a_connection_string_is_written_as_it_was_read(text: str) -> None:
    """TOKEN-11."""
    assert ConnectionString.parse(text).text == text


@pytest.mark.parametrize("text", STRINGS)
def test_its_token_is_for_the_identity_or_for_the_whole_hub(text: str) -> None:
    assert ConnectionString.parse(text).resource == STRINGS[text]


def test_order_spaces_and_a_last_semicolon_do_not_matter() -> None:
    read = ConnectionString.parse(" SharedAccessKey=AAA=; DeviceId = d ;HostName=hub;\n")
    assert read == ConnectionString("hub", device="d", key="AAA=")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "without HostName"),
        ("HostName=;DeviceId=d;SharedAccessKey=A", "without HostName"),
        ("HostName=hub;SharedAccessKey=A", "without DeviceId or SharedAccessKeyName"),
        ("HostName=hub;ModuleId=m;SharedAccessKeyName=p;SharedAccessKey=A", "without DeviceId"),
        ("HostName=hub;DeviceId=d", "without SharedAccessKey"),
        ("HostName=hub;DeviceId=d;x509=false", "without SharedAccessKey"),
        ("HostName=hub;SharedAccessKeyName=p;x509=true", "without SharedAccessKey"),
        ("HostName=hub;hostname=hub", "knows no 'hostname'"),
        ("HostName=hub;HostName=hub", "two HostName"),
    ],
)
def test_a_broken_connection_string_is_refused_naming_what_is_wrong(
    text: str, problem: str
) -> None:
    """TOKEN-12."""
    with pytest.raises(ProtocolError, match=problem):
        ConnectionString.parse(text)


def test_the_key_is_not_shown() -> None:
    read = ConnectionString.parse("HostName=hub;DeviceId=d;SharedAccessKey=c2VjcmV0")
    assert "c2VjcmV0" not in repr(read)
