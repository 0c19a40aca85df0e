"""What the server shows and admits: its certificate, TLS 1.2 and 1.3, any client certificate."""

from pathlib import Path

from OpenSSL import SSL


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
        OpenSSL.SSL.Error: the files do not hold a certificate and its key.

    Source: TLS-1 to TLS-5.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # an idle connection gives back 34 KB
    context.use_certificate_chain_file(str(certificate))
    context.use_privatekey_file(str(key))
    context.check_privatekey()
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    return context
