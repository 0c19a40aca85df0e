"""Who comes in: shared-access policies, and the proof of services and devices.

Every principal is made here, after its proof; what it may do is asked of it, method by method.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from affinage.domain.device import Device
from affinage.domain.errors import Disabled, NotFound, Unauthorized
from affinage.domain.identity import AuthType, Credentials, Status
from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind, Principal, Right
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.ports.vault import Vault
from affinage.protocol.errors import ProtocolError
from affinage.protocol.tokens import Token, parse, verify
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet

_READ: Final = Right.REGISTRY_READ
_WRITE: Final = Right.REGISTRY_READ | Right.REGISTRY_WRITE

BUILT_IN: Final = {
    "iothubowner": _WRITE | Right.SERVICE_CONNECT | Right.DEVICE_CONNECT,
    "service": Right.SERVICE_CONNECT,
    "device": Right.DEVICE_CONNECT,
    "registryRead": _READ,
    "registryReadWrite": _WRITE,
}
"""The policies of a new hub and what each may do. ACCESS-1."""


class Policy(msgspec.Struct, frozen=True, array_like=True):
    """A shared-access policy; its keys are sealed."""

    name: str
    rights: int
    primary_key: bytes
    secondary_key: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody came in: who, and until when the proof holds."""

    principal: Principal
    expires_at_s: int | None
    """Seconds since 1970; None where the proof does not expire."""


class Access:
    def __init__(
        self, fleet: Fleet, vault: Vault, clock: Clock, ids: Ids, hosts: Iterable[str]
    ) -> None:
        """``hosts`` are the names the hub answers to; tokens are for one of them."""
        self._fleet, self._vault, self._clock, self._ids = fleet, vault, clock, ids
        self._hosts = [host.lower() for host in hosts]
        self._policies: dict[str, Policy] = {}

    async def open(self) -> None:
        """Read the policies; a hub that has none is given the built-in ones."""
        for name, body in self._fleet.saved(Table.POLICIES):
            self._policies[name] = codec.decode(body, Policy)
        if not self._policies:
            made = [self._new(name, rights) for name, rights in BUILT_IN.items()]
            rows = [Row(Table.POLICIES, policy.name, codec.encode(policy)) for policy in made]
            await self._fleet.save(*rows)
            self._policies = {policy.name: policy for policy in made}

    def keys(self, name: str) -> tuple[str, str]:
        """Both keys of a policy, in the clear: for who owns the data folder. NotFound."""
        policy = self._policy(name)
        return self._opened(policy.primary_key), self._opened(policy.secondary_key)

    def service(self, authorization: str | None, path: str, *, request_id: str) -> Principal:
        """Who sends an HTTPS request.

        Args:
            authorization: the header's value: a token signed with a policy's key.
            path: what is asked for, without the leading slash, decoded.

        Raises:
            Unauthorized: no token, or one that is malformed, expired, signed with another key,
                or for something else. The message never holds it.

        Source: ACCESS-2, TOKEN-1 to TOKEN-8.
        """
        if not authorization:
            raise Unauthorized("the request has no authorization header")
        token = _parsed(authorization)
        if token.policy is None:
            raise Unauthorized("the token names no policy")
        self._verify(token, path, self._policy_keys(token.policy))
        rights = Right(self._policies[token.policy].rights)
        return Principal(Kind.POLICY, token.policy, "https", request_id, rights)

    def device(
        self,
        key: TwinKey,
        host: str,
        token: str | None,
        *,
        certificate: bytes | None = None,
        request_id: str,
    ) -> Proof:
        """Which identity opens an MQTT connection.

        Args:
            host: as the client named the hub.
            token: the password, signed with the identity's own key or with a policy's.
            certificate: the client's leaf certificate, DER; for identities known by thumbprint.

        Raises:
            Disabled: the device is switched off.
            Unauthorized: an unknown identity, another host, or no valid proof: a stranger is not
                told which.

        Source: ACCESS-3, MQTT-15.
        """
        if host.lower() not in self._hosts:
            raise Unauthorized(f"this hub is not {host[:255]!r}")
        device = self._fleet.find(key.device)
        if device is None or (key.module is not None and key.module not in device.modules):
            raise Unauthorized(f"{key.path}: unknown, or not proven")
        expires_at_s = self._prove(key, _credentials(device, key), token, certificate)
        if device.identity.status is Status.DISABLED:
            raise Disabled(f"device {device.id} is disabled")
        principal = Principal(
            Kind.DEVICE, key.path, "mqtt", request_id, Right.DEVICE_CONNECT, scope=key
        )
        return Proof(principal, expires_at_s)

    def _prove(
        self, key: TwinKey, credentials: Credentials, text: str | None, certificate: bytes | None
    ) -> int | None:
        if credentials.type is AuthType.SELF_SIGNED and not text:
            _check_thumbprint(key, credentials, certificate)
            return None
        token = _parsed(text or "")
        keys: tuple[str, ...]
        if token.policy is not None:
            keys = self._policy_keys(token.policy)
            if Right.DEVICE_CONNECT not in Right(self._policies[token.policy].rights):
                raise Unauthorized(f"policy {token.policy} may not connect devices")
        else:
            sealed = (credentials.primary_key, credentials.secondary_key)
            keys = tuple(self._opened(one) for one in sealed if one is not None)
        module = "" if key.module is None else f"/modules/{key.module}"
        self._verify(token, f"devices/{key.device}{module}", keys)
        return token.expiry

    def _verify(self, token: Token, path: str, keys: Iterable[str]) -> None:
        """Against each name of the hub; of several refusals the first name's is told."""
        keys, now = list(keys), self._clock.now().timestamp()
        refusals: list[str] = []
        for host in self._hosts:
            try:
                return verify(token, resource=f"{host}/{path}", keys=keys, now=now)
            except ProtocolError as error:
                refusals.append(str(error))
        raise Unauthorized(refusals[0])

    def _policy_keys(self, name: str) -> tuple[str, str]:
        try:
            return self.keys(name)
        except NotFound:
            raise Unauthorized("the token names an unknown policy") from None

    def _policy(self, name: str) -> Policy:
        try:
            return self._policies[name]
        except KeyError:
            raise NotFound(f"no policy {name}: there are {', '.join(self._policies)}") from None

    def _new(self, name: str, rights: Right) -> Policy:
        primary, secondary = (self._vault.seal(self._ids.key().encode()) for _ in range(2))
        return Policy(name, rights.value, primary, secondary)

    def _opened(self, sealed: bytes) -> str:
        return self._vault.open(sealed).decode()


def _parsed(text: str) -> Token:
    try:
        return parse(text)
    except ProtocolError as error:
        raise Unauthorized(str(error)) from None


def _credentials(device: Device, key: TwinKey) -> Credentials:
    if key.module is None:
        return device.identity.credentials
    return device.module(key.module).identity.credentials


def _check_thumbprint(key: TwinKey, credentials: Credentials, certificate: bytes | None) -> None:
    if certificate is None:
        raise Unauthorized(f"{key.path}: neither a token nor a certificate")
    known = {
        thumbprint.lower()
        for thumbprint in (credentials.primary_thumbprint, credentials.secondary_thumbprint)
        if thumbprint
    }
    shown = {
        hashlib.sha1(certificate, usedforsecurity=False).hexdigest(),
        hashlib.sha256(certificate).hexdigest(),
    }
    if not known & shown:
        raise Unauthorized(f"{key.path}: the certificate is not the one that is known")
