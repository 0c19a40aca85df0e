"""What the server shows and admits: its certificate, TLS 1.2 and 1.3, any client certificate."""

import os
from pathlib import Path

from OpenSSL import SSL

from affinage.domain.errors import Invalid


def server_context(certificate: Path, key: Path) -> SSL.Context:
    """A context for every door.

    A client is asked for a certificate and need not have one. Whatever chain it shows passes
    here: a self-signed leaf known by its thumbprint is as good as one from an authority, and which
    it must be is decided by the identity that the client then names. No session is resumed, since
    a resumed one would not show the chain.

    Args:
        certificate: PEM, the server's own first.
        key: PEM, not encrypted.

    Raises:
        Invalid: the files cannot be read, or do not hold a certificate and its key.

    Source: TLS-1 to TLS-5.
    """
    context = _plain()
    _check_files(certificate, key)
    try:
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey_file(str(key))
        context.check_privatekey()
    except SSL.Error as error:
        why = f"{certificate} and {key} are no certificate and its key, in PEM"
        raise Invalid(f"{why}: {_reason(error)}") from None
    return context


def _plain() -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # an idle connection gives back 34 KB
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    context.set_verify_depth(0)  # or OpenSSL would check each signature of a stranger's chain
    return context


def _check_files(*files: Path) -> None:
    """OpenSSL would not say which it cannot read, and ask the terminal for a passphrase."""
    for file in files:
        try:
            is_encrypted = b"ENCRYPTED" in file.read_bytes()
        except OSError as error:
            why = os.strerror(error.errno).lower() if error.errno else str(error)
            raise Invalid(f"{file} cannot be read: {why}") from None
        if is_encrypted:
            raise Invalid(f"{file} is encrypted: the hub has no passphrase for it")


def _reason(error: SSL.Error) -> str:
    queue = error.args[0] if error.args else ()
    return str(queue[0][-1]) if isinstance(queue, list) and queue else "it cannot be read"
