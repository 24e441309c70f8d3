"""All that the SNMP agent knows."""

from __future__ import annotations

from wanfailover_netopia.virtual.managed import Arcs, Object, Objects
from wanfailover_netopia.virtual.mib2 import mib2
from wanfailover_netopia.virtual.private import PRIVATE, private
from wanfailover_netopia.virtual.router import Router


def objects(router: Router) -> Objects:
    """Every object with its value of now, in no order."""
    if "no-private-mib" in router.variants:
        return mib2(router)
    return mib2(router) | private(router)


__all__ = ["PRIVATE", "Arcs", "Object", "objects"]
