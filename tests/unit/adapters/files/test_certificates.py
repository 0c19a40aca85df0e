"""adapters/files/certificates.py."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from affinage.adapters.files.certificates import Certificates
from affinage.domain.errors import Unavailable
from fakes.clock import START

HOSTS = ["hub.example", "127.0.0.1"]


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    certificates = Certificates(tmp_path / "tls")
    certificates.ensure(HOSTS, START)
    return certificates


def renews(made: Certificates, hosts: list[str], after: timedelta = timedelta()) -> bool:
    before = made.server.read_bytes()
    made.ensure(hosts, START + after)
    return made.server.read_bytes() != before


def test_the_server_certificate_is_for_the_hosts_and_from_the_authority(made: Certificates) -> None:
    """TLS-20."""
    server, authority = load(made.server), load(made.authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1")]
    server.verify_directly_issued_by(authority)
    usage = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert isinstance(server.public_key(), ec.EllipticCurvePublicKey)


def test_it_lives_a_year_and_the_keys_are_their_owners_only(made: Certificates) -> None:
    """TLS-20."""
    assert load(made.server).not_valid_after_utc >= START + timedelta(days=365)
    modes = {path.stat().st_mode & 0o777 for path in (made.authority_key, made.server_key)}
    assert modes == {0o600}


def test_a_tls_library_takes_the_files(made: Certificates) -> None:
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.server, made.server_key)
    ssl.create_default_context(cafile=made.authority)


def test_a_second_start_changes_nothing(made: Certificates) -> None:
    assert not renews(made, list(reversed(HOSTS)))


def test_other_hosts_get_another_certificate_of_the_same_authority(made: Certificates) -> None:
    """TLS-21, TLS-22."""
    authority = made.authority.read_bytes()
    assert renews(made, ["hub.example"])
    assert made.authority.read_bytes() == authority


def test_it_is_renewed_within_60_days_of_its_end(made: Certificates) -> None:
    """TLS-21."""
    assert not renews(made, HOSTS, timedelta(days=397 - 61))
    assert renews(made, HOSTS, timedelta(days=397 - 60))


def test_an_authority_near_its_end_is_renewed_with_the_servers(made: Certificates) -> None:
    """TLS-21, TLS-22."""
    authority = made.authority.read_bytes()
    assert renews(made, HOSTS, timedelta(days=3650 - 60))
    assert made.authority.read_bytes() != authority
    load(made.server).verify_directly_issued_by(load(made.authority))


@pytest.mark.parametrize("lost", ["ca.pem", "ca.key"])
def test_a_new_authority_vouches_for_the_server_anew(made: Certificates, lost: str) -> None:
    """TLS-21, TLS-22."""
    (made.authority.parent / lost).unlink()
    assert renews(made, HOSTS)
    load(made.server).verify_directly_issued_by(load(made.authority))


@pytest.mark.parametrize("torn", ["ca.key", "server.key"])
def test_a_key_that_is_not_the_certificates_is_made_anew_with_it(
    made: Certificates, tmp_path: Path, torn: str
) -> None:
    """TLS-21."""
    other = Certificates(tmp_path / "other")
    other.ensure(HOSTS, START)
    (made.authority.parent / torn).write_bytes((tmp_path / "other" / torn).read_bytes())
    assert renews(made, HOSTS)
    assert not renews(made, HOSTS)
    test_a_tls_library_takes_the_files(made)


@pytest.mark.parametrize("name", ["server.pem", "server.key"])
@pytest.mark.parametrize("content", [b"", b"anything else"])
def test_what_the_server_cannot_show_is_made_anew(
    made: Certificates, name: str, content: bytes
) -> None:
    """TLS-21."""
    authority = made.authority.read_bytes()
    (made.authority.parent / name).write_bytes(content)
    made.ensure(HOSTS, START)
    test_a_tls_library_takes_the_files(made)
    assert made.authority.read_bytes() == authority


@pytest.mark.parametrize("name", ["ca.pem", "ca.key"])
def test_an_authority_that_is_none_is_left_for_its_owner(made: Certificates, name: str) -> None:
    """TLS-22."""
    (made.authority.parent / name).write_bytes(b"anything else")
    before = {path.name: path.read_bytes() for path in made.authority.parent.iterdir()}
    with pytest.raises(Unavailable, match=r"ca.pem and ca.key are no certificate and its key"):
        made.ensure(HOSTS, START)
    assert {path.name: path.read_bytes() for path in made.authority.parent.iterdir()} == before


def test_no_authority_is_made_by_a_clock_that_was_never_set(tmp_path: Path) -> None:
    """TLS-20: it would have ended when the clock is right."""
    with pytest.raises(Unavailable, match=r"clock says 1970-01-01: set it right first"):
        Certificates(tmp_path / "tls").ensure(HOSTS, datetime.fromtimestamp(60, UTC))
    assert not (tmp_path / "tls").exists()


def test_a_host_that_is_no_name_is_refused_and_nothing_changes(made: Certificates) -> None:
    with pytest.raises(ValueError, match="A-label"):
        renews(made, ["käse.example"])
    assert not renews(made, HOSTS)


def test_without_a_start_the_servers_is_made_anew_and_no_authority(made: Certificates) -> None:
    """TLS-25"""
    authority, before = made.authority.read_bytes(), made.server.read_bytes()
    made.renew(HOSTS, START + timedelta(days=397 - 61))
    assert made.server.read_bytes() == before
    made.renew(HOSTS, START + timedelta(days=397 - 60))
    assert made.server.read_bytes() != before
    before = made.server.read_bytes()
    made.authority_key.unlink()
    made.renew(HOSTS, START + timedelta(days=3650))
    assert (made.server.read_bytes(), made.authority.read_bytes()) == (before, authority)
