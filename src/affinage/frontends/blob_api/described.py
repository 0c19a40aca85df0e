"""The OpenAPI document of this door."""

from typing import Final

from affinage.frontends.blob_api.app import PATH
from affinage.frontends.blob_api.problems import XML
from affinage.frontends.http.openapi import Described, Door, Parameter

_TEXT: Final = {"type": "string"}

DOOR: Final = Door(
    title="Affinage, the blobs of uploads",
    what="Where a device sends a file, by the URL that it was given: as to Azure Blob Storage.",
    version="2021-08-06",
    refusal=str,
    refusal_media_type=XML,
    parameters=(
        Parameter("si", "The upload.", _TEXT, is_required=True),
        Parameter("sig", "What proves that the URL was given out.", _TEXT, is_required=True),
        Parameter("comp", "block, blocklist, or nothing for a whole blob.", _TEXT),
        Parameter("blockid", "The name of a block, in base64.", _TEXT),
    ),
    names={"blob": _TEXT},
)

DESCRIBED: Final = {
    f"{PATH}/{{blob}}": {"PUT": Described(status=201, refusals=(403, 405, 413, 500))},
}
"""By path, by method, as the operations are."""
