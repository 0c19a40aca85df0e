"""Who comes in: the proof of services and devices; the policies themselves are `policies`.

Every principal is made here, after its proof; what it may do is asked of it, method by method.
"""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from affinage.domain.device import Device
from affinage.domain.errors import Disabled, PolicyNotFound, Unauthorized
from affinage.domain.identity import BY_AUTHORITY, AuthType, Credentials, Status, mark
from affinage.domain.names import TwinKey
from affinage.domain.policy import Policy
from affinage.domain.principal import Kind, Principal, Right, Voucher, Warrant
from affinage.ports.clock import Clock
from affinage.ports.vault import Vault
from affinage.protocol.errors import ProtocolError
from affinage.protocol.tokens import Token, parse, verify
from affinage.services.authorities import Authorities
from affinage.services.fleet.fleet import Fleet
from affinage.services.policies import Policies


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody came in: who, and until when the proof holds."""

    principal: Principal
    expires_at_s: int | None
    """Seconds since 1970; None where the proof does not expire."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What an identity showed: until when that holds, and by which policy or key of its own."""

    expires_at_s: int | None
    voucher: Voucher | None = None
    proof: bytes | None = None
    warrant: Warrant | None = None


class Access:
    def __init__(
        self,
        fleet: Fleet,
        policies: Policies,
        authorities: Authorities,
        vault: Vault,
        *,
        clock: Clock,
        hosts: Iterable[str],
    ) -> None:
        """``hosts`` are the names the hub answers to; tokens are for one of them."""
        self.authorities = authorities
        self._fleet, self.policies, self._vault, self._clock = fleet, policies, vault, clock
        self._hosts = [host.lower() for host in hosts]

    def keys(self, name: str) -> tuple[str, str]:
        """Both keys of a policy, in the clear: for who owns the data folder. PolicyNotFound."""
        return self.policies.opened(self.policies.find(name))

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
        policy = self._policy(token.policy)
        voucher = self._vouched(policy, token, path)
        rights = Right(policy.rights)
        return Principal(Kind.POLICY, policy.name, "https", request_id, rights, voucher=voucher)

    def device(
        self,
        key: TwinKey,
        host: str,
        token: str | None,
        *,
        chain: Sequence[bytes] = (),
        door: str = "mqtt",
        request_id: str,
    ) -> Proof:
        """Which device or module comes in.

        Args:
            host: as the client named the hub.
            token: signed with the identity's own key or with a policy's; None or '' for none.
            chain: the certificates that it showed, DER, its own first. Where an identity is known
                by thumbprint or by an authority, they decide, and a token only without them.
            door: that it comes through.

        Raises:
            Disabled: the device is switched off.
            Unauthorized: an unknown identity, another host, or no valid proof: a stranger is not
                told which.

        Source: ACCESS-3, ACCESS-10 to ACCESS-13, MQTT-15.
        """
        if host.lower() not in self._hosts:
            raise Unauthorized(f"this hub is not {host[:255]!r}")
        device = self._fleet.find(key.device)
        if device is None or (key.module is not None and key.module not in device.modules):
            raise Unauthorized(f"{key.path}: unknown, or not proven")
        shown = self._prove(key, _credentials(device, key), token, chain)
        if device.identity.status is Status.DISABLED:
            raise Disabled(f"device {device.id} is disabled")
        principal = Principal(
            Kind.DEVICE,
            key.path,
            door,
            request_id,
            Right.DEVICE_CONNECT,
            scope=key,
            voucher=shown.voucher,
            proof=shown.proof,
            warrant=shown.warrant,
        )
        return Proof(principal, shown.expires_at_s)

    def _prove(
        self, key: TwinKey, credentials: Credentials, text: str | None, chain: Sequence[bytes]
    ) -> "_Shown":
        match credentials.type:
            case AuthType.NONE:
                raise Unauthorized(f"{key.path}: it may not connect, whatever it shows")
            case AuthType.SELF_SIGNED if chain or not text:
                return _Shown(None, proof=_matched(key, credentials, chain))
            case AuthType.CERTIFICATE_AUTHORITY if chain or not text:
                return self._warranted(key, chain)
            case _:
                return self._by_token(key, credentials, text)

    def _warranted(self, key: TwinKey, chain: Sequence[bytes]) -> "_Shown":
        """By an authority that vouches for a certificate of the identity's name. ACCESS-11."""
        if not chain:
            raise Unauthorized(f"{key.path}: neither a token nor a certificate")
        try:
            vouched, warrant = self.authorities.vouching(chain)
        except ProtocolError as error:
            raise Unauthorized(f"{key.path}: {error}") from None
        if vouched.leaf.common_name != key.path:
            raise Unauthorized(f"{key.path}: the certificate is for another common name")
        expires_at_s = int(vouched.expires_at.timestamp())
        return _Shown(expires_at_s, proof=BY_AUTHORITY, warrant=warrant)

    def _by_token(self, key: TwinKey, credentials: Credentials, text: str | None) -> "_Shown":
        token = _parsed(text or "")
        module = "" if key.module is None else f"/modules/{key.module}"
        path = f"devices/{key.device}{module}"
        if token.policy is not None:
            policy = self._policy(token.policy)
            if Right.DEVICE_CONNECT not in Right(policy.rights):
                raise Unauthorized(f"policy {policy.name} may not connect devices")
            return _Shown(token.expiry, voucher=self._vouched(policy, token, path))
        return _Shown(token.expiry, proof=self._signed(credentials, token, path))

    def _signed(self, credentials: Credentials, token: Token, path: str) -> bytes:
        """The mark of the identity's key that signed the token; Unauthorized if none did."""
        kept = (credentials.primary_key, credentials.secondary_key)
        *others, last = [one for one in kept if one is not None] or [b""]
        for sealed in others:
            with suppress(Unauthorized):
                self._verify(token, path, [self._vault.open(sealed).decode()])
                return mark(sealed)
        self._verify(token, path, [self._vault.open(last).decode()] if last else [])
        return mark(last)

    def _vouched(self, policy: Policy, token: Token, path: str) -> Voucher:
        """Which of a policy's keys signed the token; Unauthorized if none did."""
        primary, secondary = self.policies.opened(policy)
        try:
            self._verify(token, path, [primary])
        except Unauthorized:
            self._verify(token, path, [secondary])
            return policy.voucher(policy.secondary_key)
        return policy.voucher(policy.primary_key)

    def _verify(self, token: Token, path: str, keys: Sequence[str]) -> None:
        """Against each name of the hub; of several refusals the first name's is told."""
        now = self._clock.now().timestamp()
        refusals: list[str] = []
        for host in self._hosts:
            try:
                verify(token, resource=f"{host}/{path}", keys=keys, now=now)
            except ProtocolError as error:
                refusals.append(str(error))
            else:
                return
        raise Unauthorized(refusals[0])

    def _policy(self, name: str) -> Policy:
        try:
            return self.policies.find(name)
        except PolicyNotFound:
            raise Unauthorized("the token names an unknown policy") from None


def _parsed(text: str) -> Token:
    try:
        return parse(text)
    except ProtocolError as error:
        raise Unauthorized(str(error)) from None


def _credentials(device: Device, key: TwinKey) -> Credentials:
    if key.module is None:
        return device.identity.credentials
    return device.module(key.module).identity.credentials


def _matched(key: TwinKey, credentials: Credentials, chain: Sequence[bytes]) -> bytes:
    """The mark of the certificate; Unauthorized if it is none that is known."""
    if not chain:
        raise Unauthorized(f"{key.path}: neither a token nor a certificate")
    known = {
        thumbprint.lower()
        for thumbprint in (credentials.primary_thumbprint, credentials.secondary_thumbprint)
        if thumbprint
    }
    shown = {
        hashlib.sha1(chain[0], usedforsecurity=False).hexdigest(),
        hashlib.sha256(chain[0]).hexdigest(),
    }
    if not known & shown:
        raise Unauthorized(f"{key.path}: the certificate is not the one that is known")
    return mark((known & shown).pop().encode())
