"""apps/settings.py."""

from pathlib import Path
from typing import Any

import pytest

from affinage.apps.settings import HubSettings
from affinage.domain.allowance import Allowance
from affinage.domain.errors import Invalid
from affinage.domain.forwarding import Target


def written(folder: Path, text: str) -> Path:
    file = folder / "hub.toml"
    file.write_text(text)
    return file


def test_without_a_file_all_is_as_by_default() -> None:
    assert HubSettings.read(None) == HubSettings()


def test_what_is_given_goes_before_the_file_and_the_file_before_the_defaults(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, 'mqtt_port = 1\nhttps_port = 2\ndata = "/srv/hub"\nhostnames = ["a"]')
    settings = HubSettings.read(file, https_port=3, host=None)
    assert (settings.mqtt_port, settings.https_port) == (1, 3)
    assert (settings.data, settings.hostnames) == (Path("/srv/hub"), ("a",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colour = 'red'", "no setting colour: there are data, hostnames"),
        ("hostnames = 'hub'", "array"),
        ("mqtt_port = 'x'", "int"),
        ("mqtt_port", "cannot be read"),
    ],
)
def test_a_file_with_what_cannot_be_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        HubSettings.read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"certificate": Path("a")}, "go together"),
        ({"key": Path("a")}, "go together"),
        ({"hostnames": ()}, "one name at least"),
        ({"mqtt_port": 65_536}, "mqtt_port 65536 is outside 0…65535"),
        ({"https_port": -1}, "https_port -1 is outside 0…65535"),
        ({"host": "localhost"}, "no IP address"),
        ({"log_level": "INFO"}, "log_level 'INFO' is none of debug, info, warning, error"),
        ({"transfer_urls": ("backup",)}, "'backup' does not begin as https://host"),
        ({"transfer_urls": ("ftp://a",)}, "'ftp://a' does not begin"),
        ({"webhook_urls": ("choose",)}, "webhook_urls: 'choose' does not begin"),
        ({"forward": ({"name": "a", "url": "ftp://a"},)}, "url does not begin as https"),
        ({"forward": ({"name": "a"},)}, "missing required field `url`"),
        ({"forward": ({"name": "a", "url": "http://a"},) * 2}, "two targets have one name"),
        ({"max_jobs": 0}, "max_jobs 0 is not 1 or more"),
        ({"max_connections": 0}, "max_connections 0 is not 1 or more"),
        ({"reconcile_per_s": 0}, "reconcile_per_s 0 is not 1 or more"),
        ({"site_burst": float("inf")}, "site_burst inf is not 1 or more"),
        ({"drift_after_s": 0}, "drift_after_s 0 is not more than 0"),
        ({"site_tag": "site"}, "site_tag 'site' is no path of a tag"),
        ({"site_tag": "tags..site"}, "no path of a tag"),
    ],
)
def test_settings_that_could_not_be_meant_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        HubSettings.read(None, **given)


def test_the_certificate_names_the_address_listened_on_unless_that_is_all_of_them() -> None:
    assert HubSettings(host="127.0.0.2").certified == ("localhost", "127.0.0.2")
    assert HubSettings(host="0.0.0.0").certified == ("localhost",)
    assert HubSettings(hostnames=("127.0.0.1",)).certified == ("127.0.0.1",)


def test_what_configurations_may_write_is_as_it_is_set() -> None:
    """RECONCILE-24"""
    settings = HubSettings.read(None, reconcile_per_s=7, site_tag="tags.a.b", drift_after_s=1)
    assert settings.allowance == Allowance(hub_per_s=7, site_tag="tags.a.b", drift_after_s=1)


def test_a_target_is_a_table_of_the_file(tmp_path: Path) -> None:
    """FORWARD-3"""
    text = '[[forward]]\nname = "a"\nurl = "https://a.test/"\nkinds = ["twin"]'
    settings = HubSettings.read(written(tmp_path, text))
    assert settings.forward == (Target("a", "https://a.test/", kinds=("twin",)),)
