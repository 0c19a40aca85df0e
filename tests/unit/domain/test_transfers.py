"""domain/transfers.py"""

from typing import Any

import pytest

from affinage.domain.errors import Invalid, Malformed, Missing
from affinage.domain.transfers import Places, Status, document, ended, requested

AT = 1_000_000_000_000
NOW = "2001-09-09T01:46:40Z"
OUT, IN = "https://a.test/out?sig=secret", "https://a.test/in?sig=secret"


def asked(**body: Any) -> Any:
    return requested(
        {"type": "export", "outputBlobContainerUri": OUT, **body}, transfer_id="t", by="me", at=AT
    )


def test_an_export_is_what_was_asked() -> None:
    """TRANSFER-1, TRANSFER-2, TRANSFER-4"""
    transfer, places = asked()
    assert places == Places("", OUT)
    assert document(transfer) == {
        "jobId": "t",
        "startTimeUtc": NOW,
        "type": "export",
        "status": "enqueued",
        "progress": 0,
        "outputBlobContainerUri": "https://a.test/out",
        "outputBlobName": "devices.txt",
        "excludeKeysInExport": False,
        "includeConfigurations": False,
        "failureReason": None,
        "useSecondaryStorageAsSource": False,
    }


def test_an_import_is_what_was_asked() -> None:
    """TRANSFER-1, TRANSFER-2"""
    transfer, places = asked(type="Import", inputBlobContainerUri=IN, includeConfigurations=True)
    assert places == Places(IN, OUT)
    shown = document(transfer)
    assert (shown["inputBlobContainerUri"], shown["inputBlobName"]) == (
        "https://a.test/in",
        "devices.txt",
    )
    assert (shown["configurationsBlobName"], transfer.target_name) == (
        "configurations.txt",
        "importErrors.log",
    )


def test_an_end_is_for_ever() -> None:
    """TRANSFER-4"""
    done = ended(asked()[0], Status.COMPLETED, AT)
    assert (done.progress, document(done)["endTimeUtc"]) == (100, NOW)
    assert ended(done, Status.FAILED, AT, "why") is done
    assert document(ended(asked()[0], Status.FAILED, AT, "why"))["failureReason"] == "why"


@pytest.mark.parametrize(
    ("body", "error", "told"),
    [
        ({"type": None}, Missing, "type is missing"),
        ({"type": "move"}, Invalid, "none of export, import"),
        ({"outputBlobContainerUri": ""}, Missing, "outputBlobContainerUri is missing"),
        ({"outputBlobContainerUri": 1}, Malformed, "must be a string"),
        ({"outputBlobContainerUri": "x" * 2049}, Invalid, "has 2049 of 2048 characters"),
        ({"outputBlobContainerUri": "https://a.test:x/"}, Invalid, "is no address"),
        ({"outputBlobContainerUri": "https://[/"}, Invalid, "is no address"),
        ({"outputBlobContainerUri": "https://u@a.test/"}, Invalid, "neither a user nor a password"),
        ({"type": "import"}, Missing, "inputBlobContainerUri is missing"),
        ({"outputBlobName": "../x"}, Invalid, "outputBlobName is a file's name"),
        ({"outputBlobName": ".."}, Invalid, "is a file's name"),
        ({"outputBlobName": 5}, Invalid, "is a file's name"),
        ({"includeConfigurations": 1}, Malformed, "must be true or false"),
        ({"excludeKeysInExport": "no"}, Malformed, "must be true or false"),
    ],
)
def test_what_cannot_be_meant_is_refused(body: Any, error: type[Exception], told: str) -> None:
    """TRANSFER-1 to TRANSFER-3"""
    with pytest.raises(error, match=told) as refused:
        asked(**body)
    assert "secret" not in str(refused.value)
