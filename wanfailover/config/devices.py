"""The modems that are asked about their lines, with the secrets it takes."""

from __future__ import annotations

from pathlib import Path

from wanfailover.config import vault
from wanfailover.config.document import Fault
from wanfailover.config.draft import Draft
from wanfailover.ports import Secret
from wanfailover.specs import Device


def read_devices(
    draft: Draft, folder: Path, *, secrets: bool
) -> tuple[dict[str, Device], list[Fault]]:
    """Read how each circuit's modem is asked.

    Args:
        draft: What could be read of the profile.

        folder: Where the relative paths of secrets begin.

        secrets: Read them; else they stay None.

    Returns:
        By the circuit's name; and what is wrong with their secrets.
    """
    devices: dict[str, Device] = {}
    faults: list[Fault] = []
    for index, keys in draft.devices.items():
        community: Secret | None = None
        if keys.community is not None and secrets:
            try:
                community = vault.secret(keys.community, folder)
            except ValueError as error:
                at = ("circuits", index, "vantage", "device", "community", keys.community.place)
                faults.append(Fault(at, str(error)))
        devices[draft.circuits[index].name] = keys.spec(community)
    return devices, faults
