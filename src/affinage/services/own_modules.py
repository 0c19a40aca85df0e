"""What a device does to its own modules, and a module to its neighbours: by their own proof.

An edge device reconciles the identities of its modules with its own credentials, and its modules
ask one another for methods. To back ends the same is `Registry` and `Methods`.

Source: docs/spec/device-api.md, DEVICE-30 to DEVICE-32.
"""

from dataclasses import replace

from affinage.domain.errors import Forbidden
from affinage.domain.method import MethodRequest, MethodResult
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.values import JsonObject
from affinage.services.methods import Methods
from affinage.services.registry import Registry


class OwnModules:
    def __init__(self, registry: Registry, methods: Methods) -> None:
        self._registry, self._methods = registry, methods

    async def list_all(self, device: str, *, by: Principal) -> list[JsonObject]:
        """As `Registry.list_modules`; Forbidden for anybody but the device."""
        return await self._registry.list_modules(device, by=_owner(device, by))

    async def get(self, key: TwinKey, *, by: Principal) -> JsonObject:
        """As `Registry.get`; Forbidden for anybody but the device."""
        return await self._registry.get(key, by=_owner(key.device, by))

    async def put(
        self, key: TwinKey, body: JsonObject, *, if_match: str | None, by: Principal
    ) -> JsonObject:
        """As `Registry.put`; Forbidden for anybody but the device."""
        assert key.module is not None  # a device's own identity is none of its modules
        return await self._registry.put(key, body, if_match=if_match, by=_owner(key.device, by))

    async def delete(self, key: TwinKey, *, if_match: str | None, by: Principal) -> None:
        """As `Registry.delete`; Forbidden for anybody but the device."""
        assert key.module is not None
        await self._registry.delete(key, if_match=if_match, by=_owner(key.device, by))

    async def invoke(self, key: TwinKey, request: MethodRequest, *, by: Principal) -> MethodResult:
        """As `Methods.invoke`; Forbidden for anybody but a module of the same device."""
        if by.scope is None or by.scope.module is None or by.scope.device != key.device:
            raise Forbidden(f"{by.kind} {by.name} may not ask {key.path} for methods")
        return await self._methods.invoke(key, request, by=_with(by, Right.SERVICE_CONNECT))


def _owner(device: str, by: Principal) -> Principal:
    """The device, with the right to do at home what the registry asks a right for."""
    by.require_self(TwinKey(device))
    return _with(by, Right.REGISTRY_WRITE)


def _with(by: Principal, right: Right) -> Principal:
    return replace(by, rights=by.rights | right)
