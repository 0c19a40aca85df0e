"""A hub that believes an authority, and identities that are known by one."""

from affinage.domain.values import JsonObject
from fakes.life import OWNER, Life, key_of
from fakes.pki import Made, leaf


async def believe(life: Life, name: str, by: Made) -> str:
    """Bring an authority and prove that its key is at hand; its thumbprint."""
    body: JsonObject = {"certificate": by.pem}
    await life.authorities.put(name, body, if_match=None, by=OWNER)
    asked = await life.authorities.challenge(name, if_match=None, by=OWNER)
    proof = leaf(str(asked["verificationCode"]), by)
    await life.authorities.verify(name, proof.pem, if_match=None, by=OWNER)
    return by.certificate.sha256


async def known_by_authority(life: Life, *names: str) -> None:
    """New identities whose certificates some authority must have signed."""
    body: JsonObject = {"authentication": {"type": "certificateAuthority"}}
    for name in names:
        await life.registry.create(key_of(name), body, by=OWNER)
