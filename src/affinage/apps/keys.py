"""Connection strings for who owns the data folder, whether its hub runs or not."""

from pathlib import Path
from typing import Final

from affinage.adapters.files.vault import FileVault
from affinage.adapters.sqlite.store import SqliteStore
from affinage.apps.place import Place
from affinage.domain.device import Device, found
from affinage.domain.errors import NotFound
from affinage.domain.identity import AuthType, Credentials
from affinage.domain.names import TwinKey
from affinage.domain.policy import Policy
from affinage.ports.store import Table
from affinage.protocol.connection_strings import ConnectionString
from affinage.services.fleet import codec
from affinage.services.provisioning.scope import SCOPE, Scope

_BY_CERTIFICATE: Final = {AuthType.SELF_SIGNED, AuthType.CERTIFICATE_AUTHORITY}


class Keys:
    """Reads the store beside the hub that may be running over it; writes nothing."""

    def __init__(self, data: Path) -> None:
        """Raises Unavailable if no hub has served from the folder."""
        self._host = Place.read(data).hostname
        self._vault = FileVault(data / "vault.key")
        self._store = SqliteStore(data / "hub.db", read_only=True)

    def of_policy(self, name: str) -> ConnectionString:
        """The policy's, with its primary key; NotFound."""
        policies = {str(key): body for key, body in self._store.read(Table.POLICIES)}
        if name not in policies:
            raise NotFound(f"no policy {name}: there are {', '.join(policies)}")
        key = self._vault.open(codec.decode(policies[name], Policy).primary_key).decode()
        return ConnectionString(self._host, policy=name, key=key)

    def of_identity(self, key: TwinKey) -> ConnectionString:
        """The identity's, without a key where a certificate is its proof.

        Raises:
            DeviceNotFound, ModuleNotFound: it is not there.
            NotFound: it has no proof at all.
        """
        device = found(self._device(key.device), key.device)
        identity = device.identity if key.module is None else device.module(key.module).identity
        return ConnectionString(
            self._host,
            device=key.device,
            module=key.module,
            key=self._opened(key, identity.credentials),
        )

    def id_scope(self) -> str:
        """What devices that register name; NotFound if no hub has served with provisioning."""
        kept = {str(key): body for key, body in self._store.read(Table.PROVISIONING)}
        if SCOPE not in kept:
            raise NotFound("there is no id scope yet: `affinage serve` makes it")
        return codec.decode(kept[SCOPE], Scope).id_scope

    def _device(self, device_id: str) -> Device | None:
        for _, body in self._store.read(Table.DEVICES):
            if codec.device_id(body) == device_id:
                return codec.device(body)
        return None

    def _opened(self, key: TwinKey, credentials: Credentials) -> str | None:
        if credentials.type in _BY_CERTIFICATE:
            return None
        if credentials.primary_key is None:
            raise NotFound(
                f"{key.path} has no symmetric key: it proves itself by {credentials.type}"
            )
        return self._vault.open(credentials.primary_key).decode()
