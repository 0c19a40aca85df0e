"""What is asked of each entry of a bulk request."""

import pytest

from affinage.domain.errors import Invalid, Malformed, Missing
from affinage.domain.etags import ANY
from affinage.services.provisioning.bulk import Mode, bulk_mode, etag_wanted


def test_modes_are_read_in_any_case() -> None:
    """PROV-22"""
    assert [bulk_mode(mode.upper()) for mode in Mode] == [*Mode]
    with pytest.raises(Invalid, match="'merge' is none of create, update"):
        bulk_mode("merge")


def test_each_mode_wants_its_etag() -> None:
    """PROV-22"""
    entry = {"etag": '"abc"'}
    wanted = [etag_wanted(mode, {**entry}) for mode in (Mode.CREATE, Mode.UPDATE)]
    assert (wanted, etag_wanted(Mode.UPDATE_IF_MATCH, {**entry})) == ([None, ANY], "abc")
    with pytest.raises(Missing):
        etag_wanted(Mode.UPDATE_IF_MATCH, {})
    with pytest.raises(Malformed):
        etag_wanted(Mode.UPDATE_IF_MATCH, {"etag": 7})
