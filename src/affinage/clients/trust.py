"""Whom a client believes to be the hub: the authorities of the system, or one that it is given.

There is no way to believe anybody: a hub's own authority is a file that it writes, `tls/ca.pem`.
"""

import ssl
from pathlib import Path


def trust(ca_file: Path | None = None) -> ssl.SSLContext:
    """A context that verifies the hub's certificate and name; share it between connections.

    Args:
        ca_file: the authority in PEM that alone is believed, or the server's own certificate; None
            for the authorities of the system.

    Raises:
        OSError: ``ca_file`` cannot be read, or holds no certificate (then it is an SSLError).
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what is in the file needs no issuer
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
