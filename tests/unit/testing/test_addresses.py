import errno
import socket
from ipaddress import ip_address

import pytest

from affinage.testing.addresses import Listen, place_of_its_own


def test_each_hub_has_an_address_of_its_own() -> None:
    if not can_listen("127.9.8.7"):
        pytest.skip("this machine has one loopback address only")
    one, other = place_of_its_own(), place_of_its_own()
    assert one.address != other.address
    assert ip_address(one.address).is_loopback
    assert one.mqtt_port == 8883


def can_listen(address: str) -> bool:
    try:
        socket.create_server((address, 0)).close()
    except OSError:
        return False
    return True


def machine_that_refuses(monkeypatch: pytest.MonkeyPatch, **refused: object) -> None:
    """Have listening fail where the address or the port is one of those refused."""

    class Server:
        def close(self) -> None:
            pass

    def create_server(at: tuple[str, int]) -> Server:
        address, port = at
        if port == refused.get("port") or address != refused.get("but", address):
            raise OSError(errno.EACCES, "no")
        return Server()

    monkeypatch.setattr(socket, "create_server", create_server)


def test_a_port_that_only_root_may_have_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_that_refuses(monkeypatch, port=443)
    assert place_of_its_own()[1:] == (0, 8883)


def test_where_there_is_one_address_it_is_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_that_refuses(monkeypatch, but="127.0.0.1")
    assert place_of_its_own() == Listen("127.0.0.1", 443, 8883)


def test_where_no_address_has_the_port_a_free_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_that_refuses(monkeypatch, port=8883)
    assert place_of_its_own() == Listen("127.0.0.1", 443, 0)
