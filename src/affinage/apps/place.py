"""Where a running hub is: a small file in its data folder, for the commands on the same machine."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from affinage.adapters.files.folder import write_whole
from affinage.domain.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Place:
    """How to reach a hub. The file stays when it stops: where it was is where it will be."""

    hostname: str
    address: str
    https_port: int
    mqtt_port: int
    certificate: str | None = None
    """The file with the server's, where the hub was given one; None if it made its own."""

    @classmethod
    def read(cls, data: Path) -> Self:
        """Where the hub over this data folder is, or was last.

        Raises:
            Unavailable: none has ever served from it, or the file is not as a hub writes it.
        """
        try:
            return cls(**json.loads(_file(data).read_text("utf-8")))
        except OSError:
            raise Unavailable(
                f"no hub has served from {data}: start one with `affinage serve --data {data}`,"
                " or say where it is with AFFINAGE_CONNECTION_STRING and AFFINAGE_CA_FILE"
            ) from None
        except (ValueError, TypeError) as error:
            raise Unavailable(f"{_file(data)} cannot be read: {error}") from None

    def believed(self, data: Path) -> Path:
        """What whoever is on this machine believes to be the hub."""
        return Path(self.certificate) if self.certificate else authority(data)

    def write(self, data: Path) -> None:
        write_whole(_file(data), json.dumps(asdict(self)).encode())


def authority(data: Path) -> Path:
    """The certificate authority that clients of this hub trust, where it was given no other."""
    return data / "tls" / "ca.pem"


def _file(data: Path) -> Path:
    return data / "place.json"
