"""strongSwan configuration for a tunnel's two ends, and its fence, with the profile's values.

The files are those of ``deploy/strongswan/``, which work as they stand. The names of connection and
child are put in, and the interfaces of the circuits; what no profile tells is marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wanfailover.core.site import Circuit, Tunnel
from wanfailover.mail.postfix import FOLDER

FILES = {
    "office.swanctl.conf": "add to swanctl.conf of the office's router",
    "customer.swanctl.conf": "add to swanctl.conf of the customer's end",
    "fence.nft": "for nftables on the office's router",
}

UNTOLD = re.compile(
    r'^( *)(remote_addrs = [0-9].*|(?:local|remote)_ts = .*|secret = .*|oifname ".*)$', re.MULTILINE
)
"""Lines that are an example, whatever the profile says: addresses, networks, the secret."""


def filled(tunnel: Tunnel, circuits: Sequence[Circuit]) -> Iterator[str]:
    """Each file, for one tunnel that the office's router ends and renews."""
    ike, child = tunnel.ike or "customer", tunnel.child or "lan"
    ports = dict.fromkeys(circuit.interface or "" for circuit in circuits)
    ports.pop("", None)
    out = ", ".join(f'"{port}"' for port in ports)
    for name, use in FILES.items():
        text = (FOLDER / name).read_text(encoding="utf-8")
        if name.startswith("office"):
            text = re.sub(r"^    customer \{", f"    {ike} {{", text, flags=re.MULTILINE)
            text = text.replace("ike: customer, child: lan", f"ike: {ike}, child: {child}")
            text = re.sub(r"^( +)lan \{", rf"\g<1>{child} {{", text, flags=re.MULTILINE)
        if out:
            several = out if len(ports) == 1 else f"{{ {out} }}"
            text = text.replace('oifname "wan"', f"oifname {several}")
        told = r"\g<1># The profile does not tell all of this one; it is an example:\n\g<0>"
        yield f"# --- {name}: {use} ---\n{UNTOLD.sub(told, text)}"
