"""Whom a client believes to be the hub."""

import ssl
from pathlib import Path

import pytest

from affinage.clients.trust import trust
from fakes.authority import authority


def test_a_hub_must_always_prove_its_name() -> None:
    for context in (trust(), trust(authority().ca_file)):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_given_authority_is_the_only_one() -> None:
    (only,) = trust(authority().ca_file).get_ca_certs()
    assert only["subject"] == ((("commonName", "Test CA"),),)


def test_what_is_in_the_file_needs_no_issuer() -> None:
    assert trust(authority().ca_file).verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN


def test_an_authority_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        trust(tmp_path / "ca.pem")
