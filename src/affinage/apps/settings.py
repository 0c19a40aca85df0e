"""What a hub can be told: defaults, a file, and the command line over both."""

import ipaddress
import math
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import msgspec

from affinage.domain.allowance import GENEROUS, Allowance
from affinage.domain.configuration import MAX_CONFIGURATIONS
from affinage.domain.errors import Invalid
from affinage.domain.forwarding import Target
from affinage.services.audit import MAX_DAYS, MAX_ENTRIES
from affinage.services.events import MAX_BYTES
from affinage.services.events import MAX_DAYS as MAX_EVENT_DAYS
from affinage.services.jobs.jobs import MAX_ACTIVE
from affinage.services.limits import OFF, rates
from affinage.services.room import MAX_BLOB, MAX_TOTAL
from affinage.services.told import Detail

DEFAULT_DATA: Final = Path("affinage-data")

MAX_PORT: Final = 65_535

LEAST_BYTES: Final = 1024 * 1024
"""Of events: a few messages of the greatest size must have room."""

LOG_LEVELS: Final = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class HubSettings:
    """How one hub runs. Every name is also a key of the settings file."""

    data: Path = DEFAULT_DATA
    """The data folder: the store, keys and certificates; made at the first start."""
    hostnames: tuple[str, ...] = ("localhost",)
    """The names clients use, the first one in connection strings; all are in the certificate."""
    host: str = "127.0.0.1"
    """The address to listen on; ``0.0.0.0`` is all of them."""
    https_port: int = 8443
    """The port of the service API; the public SDKs insist on 443. 0 is any free one."""
    mqtt_port: int = 8883
    """The port of MQTT; the public SDKs insist on 8883. 0 is any free one."""
    certificate: Path | None = None
    """PEM file with the server's certificate; None has the hub make and renew one."""
    key: Path | None = None
    """PEM file with the certificate's key."""
    log_level: str = "info"
    """What is logged: this and what is graver; one of LOG_LEVELS."""
    throttle: str = OFF
    """How often operations may be asked for: off, or as Azure's tiers S1, S2, S3 allow."""
    throttle_units: int = 1
    """Units of that tier."""
    max_connections: int | None = None
    """Connections that may be open, on all doors; None is what the system's limit on open files
    has room for."""
    max_configurations: int = MAX_CONFIGURATIONS
    """Configurations and deployments that the hub admits."""
    audit_entries: int = MAX_ENTRIES
    """Entries of the audit log that are kept; the oldest go first."""
    audit_days: float = MAX_DAYS
    """Days for which they are kept."""
    max_jobs: int = MAX_ACTIVE
    """Scheduled jobs that are queued or running at a time."""
    twin_events: str = Detail.CHANGES.value
    """What the events feed tells beside telemetry: off, changes, or all with what is reported."""
    events_bytes: int = MAX_BYTES
    """Bytes of events that are kept; the oldest go first."""
    events_days: float = MAX_EVENT_DAYS
    """Days for which they are kept."""
    forward: tuple[Target, ...] = ()
    """Places that are told what the events feed tells, each a table in the file."""
    transfer_folder: Path | None = None
    """The folder below which exports may be written and imports read; None is nowhere."""
    transfer_urls: tuple[str, ...] = ()
    """Beginnings of the addresses to which exports may be sent and imports come from."""
    webhook_urls: tuple[str, ...] = ()
    """Beginnings of the addresses of webhooks that enrollments may have choose a device's hub."""
    upload_folder: Path | None = None
    """The folder for files that devices upload; None has the hub refuse them."""
    upload_bytes: int = MAX_TOTAL
    """Bytes that all of them together may take."""
    upload_blob_bytes: int = MAX_BLOB
    """Bytes of one file."""
    reconcile_per_s: float = GENEROUS.hub_per_s
    """Devices a second that configurations may write, in the whole hub."""
    reconcile_burst: float = GENEROUS.hub_burst
    """Devices that they may write at once after a quiet time."""
    site_per_s: float = GENEROUS.site_per_s
    """Devices a second that configurations may write at one site."""
    site_burst: float = GENEROUS.site_burst
    site_tag: str = GENEROUS.site_tag
    """The tag whose value is a device's site."""
    drift_after_s: float = GENEROUS.drift_after_s
    """Seconds until what somebody wrote over a configuration's path is written again."""

    def __post_init__(self) -> None:
        """Raises Invalid where settings do not go together, or could not be meant."""
        if (self.certificate is None) != (self.key is None):
            raise Invalid("certificate and key go together: give both, or neither")
        if not self.hostnames:
            raise Invalid("hostnames is empty: clients need one name at least")
        for name, port in (("https_port", self.https_port), ("mqtt_port", self.mqtt_port)):
            if not 0 <= port <= MAX_PORT:
                raise Invalid(f"{name} {port} is outside 0…{MAX_PORT}")
        rates(self.throttle, self.throttle_units)
        if self.max_jobs < 1:
            raise Invalid(f"max_jobs {self.max_jobs} is not 1 or more")
        if self.max_connections is not None and self.max_connections < 1:
            raise Invalid(f"max_connections {self.max_connections} is not 1 or more")
        if self.log_level not in LOG_LEVELS:
            raise Invalid(f"log_level {self.log_level!r} is none of {', '.join(LOG_LEVELS)}")
        self._check_kept()
        self._check_allowance()
        if len({target.name for target in self.forward}) < len(self.forward):
            raise Invalid("forward: two targets have one name")
        self._check_urls()
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            raise Invalid(
                f"host {self.host!r} is no IP address: it is the one to listen on,"
                " 0.0.0.0 for all; names that clients use go to hostnames"
            ) from None

    def _check_kept(self) -> None:
        if self.audit_entries < 1 or not 0 < self.audit_days < math.inf:
            raise Invalid("audit_entries must be 1 or more, audit_days more than 0")
        if self.twin_events not in [*Detail]:
            raise Invalid(f"twin_events {self.twin_events!r} is none of {', '.join(Detail)}")
        if self.events_bytes < LEAST_BYTES or not 0 < self.events_days < math.inf:
            raise Invalid(f"events_bytes must be {LEAST_BYTES} or more, events_days more than 0")
        if not 1 <= self.upload_blob_bytes <= self.upload_bytes:
            raise Invalid("upload_blob_bytes must be 1 or more, upload_bytes no less than that")

    def _check_urls(self) -> None:
        for name in ("transfer_urls", "webhook_urls"):
            for url in getattr(self, name):
                if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
                    raise Invalid(f"{name}: {url!r} does not begin as https://host")

    def _check_allowance(self) -> None:
        for name in ("reconcile_per_s", "reconcile_burst", "site_per_s", "site_burst"):
            if not 1 <= getattr(self, name) < math.inf:
                raise Invalid(f"{name} {getattr(self, name):g} is not 1 or more")
        if not 0 < self.drift_after_s < math.inf:
            raise Invalid(f"drift_after_s {self.drift_after_s:g} is not more than 0")
        if not re.fullmatch(r"tags(\.[^.]+)+", self.site_tag):
            raise Invalid(f"site_tag {self.site_tag!r} is no path of a tag, as tags.site")

    @classmethod
    def read(cls, file: Path | None, **given: Any) -> Self:
        """Defaults, then the file, then what was given; None was not.

        Raises:
            Invalid: the file is no TOML, names a setting that there is not, or a value is not of
                the setting's kind.
        """
        values = {} if file is None else _content(file)
        known = [field.name for field in fields(cls)]
        if unknown := sorted(values.keys() - {*known}):
            raise Invalid(f"{file} has no setting {unknown[0]}: there are {', '.join(known)}")
        values |= {name: value for name, value in given.items() if value is not None}
        try:
            return msgspec.convert(values, cls, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise Invalid(f"a setting is not what it must be: {error}") from None

    @property
    def allowance(self) -> Allowance:
        """What configurations may write, and when."""
        return Allowance(
            self.reconcile_per_s,
            self.reconcile_burst,
            self.site_per_s,
            self.site_burst,
            self.site_tag,
            self.drift_after_s,
        )

    @property
    def certified(self) -> tuple[str, ...]:
        """What the server's certificate must name: the host names, and the address listened on."""
        is_everywhere = ipaddress.ip_address(self.host).is_unspecified
        return tuple(dict.fromkeys((*self.hostnames, *(() if is_everywhere else (self.host,)))))


def _content(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"{file} cannot be read: {error}") from error


def _path(kind: type, value: Any) -> Any:
    """What a file has as text is a path where a setting is one."""
    assert kind is Path  # no other setting is of a kind that TOML does not know
    return Path(value)
