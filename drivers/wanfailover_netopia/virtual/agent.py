"""What the SNMP agent answers, without the bytes: communities, GET, GETNEXT, SET (RFC 1157)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from wanfailover.ports import SnmpValue
from wanfailover_netopia.virtual.mib import PRIVATE, Arcs, Object, after, find
from wanfailover_netopia.virtual.router import Router, Trap

NO_SUCH_NAME, BAD_VALUE, GENERAL = "noSuchName", "badValue", "genErr"
AUTHENTICATION_FAILURE = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """One variable of a response.

    Args:
        oid: Whose; after a GETNEXT the next one's.

        value: None where there is no such object.

        error: The name of the error-status; empty for none.

        syntax: Of the value; see `mib.Object`.
    """

    oid: Arcs
    value: SnmpValue | None = None
    error: str = ""
    syntax: str = ""


class Agent:
    """The unit's SNMPv1 agent; None instead of an answer is silence.

    Args:
        router: Whose agent it is.

        peer: Who asks; nobody in particular where it is left out.
    """

    def __init__(self, router: Router, peer: IPv4Address | None = None) -> None:
        self._router = router
        self._peer = peer or router.inside.ip + 49

    def get(self, oid: Arcs, community: str | None) -> Answer | None:
        """Answer a GET."""
        if not self._admits(community, write=False):
            return None
        return _answer(oid, find(self._router, oid))

    def next(self, oid: Arcs, community: str | None) -> Answer | None:
        """Answer a GETNEXT."""
        if not self._admits(community, write=False):
            return None
        return _answer(*(after(self._router, oid) or (oid, None)))

    def set(
        self, oid: Arcs, value: int | bytes | IPv4Address | str, community: str | None
    ) -> Answer | None:
        """Answer a SET."""
        if not self._admits(community, write=True):
            return None
        found = find(self._router, oid)
        error = self._set(found, value)
        shown = ".".join(map(str, oid))
        self._router.note("set", oid=shown, value=_told(value), error=error)
        return Answer(oid, value, error, found.syntax if found else "")

    def _set(self, found: Object | None, value: int | bytes | IPv4Address | str) -> str:
        if found is None or found.write is None:
            return NO_SUCH_NAME  # v1 has no word for "not writable"
        if not found.takes(value):
            return BAD_VALUE
        return "" if found.write(value) else GENERAL

    def _admits(self, community: str | None, *, write: bool) -> bool:
        """An empty community of the unit's matches nothing."""
        router = self._router
        if not router.answering or "snmp-off" in router.variants or community is None:
            return False
        settings = router.settings
        names = [settings["snmp.rw"]] if write else [settings["snmp.ro"], settings["snmp.rw"]]
        if community in [name for name in names if name]:
            return True
        router.stranger = (self._peer, community.encode())
        router.note("community-refused", write=write)
        if settings["snmp.traps"] == "On":
            base = ".".join(map(str, PRIVATE))
            told = ((f"{base}.11.4.0", self._peer), (f"{base}.11.5.0", community.encode()))
            router.trap(Trap(AUTHENTICATION_FAILURE, told))
        return False


def _answer(oid: Arcs, found: Object | None) -> Answer:
    if found is None:
        return Answer(oid, error=NO_SUCH_NAME)
    return Answer(oid, found.value, syntax=found.syntax)


def _told(value: int | bytes | IPv4Address | str) -> int | str:
    return value if isinstance(value, int) else str(value)
