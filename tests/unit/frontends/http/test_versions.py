"""frontends/http/versions.py."""

import pytest
from starlette.requests import Request

from affinage.domain.errors import UnknownApiVersion
from affinage.frontends.http.versions import check_api_version, version_parameter


def asked(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


@pytest.mark.parametrize(
    "version", ["2016-02-03", "2018-08-30-preview", "2020-03-13", "2021-04-12", "2030-12-31"]
)
def test_every_version_from_the_first_on_is_known(version: str) -> None:
    """SERVICE-6"""
    check_api_version(asked(f"top=1&api-version={version}"))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "api-version=",
        "api-version=2016-02-02",
        "api-version=2021-13-01",
        "api-version=2021-04-12-beta",
        "api-version=2021-04-12-preview-preview",
        "api-version=20210412",
        "api-version=%D9%A2021-04-12",
        "API-VERSION=2021-04-12",
    ],
)
def test_any_other_is_not(query: str) -> None:
    """SERVICE-6"""
    with pytest.raises(UnknownApiVersion, match="YYYY-MM-DD"):
        check_api_version(asked(query))


def test_a_document_names_one_version_that_is_known() -> None:
    """SERVICE-6"""
    [version] = version_parameter("2021-04-12").document["schema"]["enum"]
    check_api_version(asked(f"api-version={version}"))
