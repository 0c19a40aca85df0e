"""TLS handshakes: what each takes of the hub's processor, and so how many a core makes in a second.

Our TLS alone, with no MQTT behind it, as both versions and with a device's own certificate; the
certificates are those that the hub makes, of the curve P-256. No handshake is abbreviated, for a
resumed one would not show the device's certificate.
"""

from ssl import TLSVersion as Version

import figures
import hubs
import tls_alone
from figures import Figure

CASES = (
    ("TLS 1.3", Version.TLSv1_3, False),
    ("TLS 1.3, with a device's certificate", Version.TLSv1_3, True),
    ("TLS 1.2", Version.TLSv1_2, False),
    ("TLS 1.2, with a device's certificate", Version.TLSv1_2, True),
)


def main() -> None:
    given = hubs.asked(__doc__, connections=2_000)
    floor = f"{tls_alone.signatures_per_s():,.0f}/s: the server's signature alone"
    rows = []
    for name, version, shows in CASES:
        alone = tls_alone.measure(given.connections, version, shows_certificate=shows)
        per_s = 1e6 / alone.handshake_us
        rows.append(Figure(f"handshakes of one core, {name}", per_s, "/s", floor=floor))
    figures.keep("handshakes", vars(given), rows)


if __name__ == "__main__":
    main()
