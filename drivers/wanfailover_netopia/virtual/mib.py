"""All that the SNMP agent knows, built group by group when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from wanfailover_netopia.virtual import mib2, private
from wanfailover_netopia.virtual.managed import Arcs, Object, Objects
from wanfailover_netopia.virtual.private import PRIVATE
from wanfailover_netopia.virtual.router import Router


def find(router: Router, oid: Arcs) -> Object | None:
    """One object with its value of now; None where there is none."""
    return next(_from(router, oid), {}).get(oid)


def after(router: Router, oid: Arcs) -> tuple[Arcs, Object] | None:
    """The next object, whether or not there is one of that name; None after the last."""
    for group in _from(router, oid):
        later = [other for other in group if other > oid]
        if later:
            first = min(later)
            return first, group[first]
    return None


def _from(router: Router, oid: Arcs) -> Iterator[Objects]:
    """The group that an object belongs to, and all that come after it."""
    parts = [(mib2.MIB2, mib2.GROUPS)]
    if "no-private-mib" not in router.variants:
        parts.append((PRIVATE, private.GROUPS))
    for root, groups in parts:
        for last, build in groups:
            end = (*root, last)
            if oid[: len(end)] <= end:
                yield {root + rest: value for rest, value in build(router).items()}


__all__ = ["PRIVATE", "Arcs", "Object", "after", "find"]
