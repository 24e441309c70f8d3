"""Steps of a plan in, actions of this router out; each with what it will press, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from wanfailover.core.facts import RouterView
from wanfailover.core.plan import SetAddress, SetGateway, Step
from wanfailover.core.site import Circuit
from wanfailover.errors import DriverError
from wanfailover.ports import Action
from wanfailover_netopia.screens import ADDRESS, GATEWAY, IP, MASK, PING, WAN, Goal, Label
from wanfailover_netopia.values import UNKNOWN, NetopiaView, Values

EDIT, EFFECT, LOOK = "edit", "effect", "look"


@dataclass(slots=True)
class Found:
    """What an edit found out, for the actions that were compiled with it.

    Args:
        back: What to put back, where that was not known before the edit read the screens.

        typed_at: When the edit was first done, seconds of the loop's clock.
    """

    back: Values | None = None
    typed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Change(Action):
    """An action that knows its values.

    Args:
        goal: What the router is to hold and run.

        back: What it was configured to; None where nothing is known, and is left alone.

        ran: What it ran, which is to be seen again after *back* is put back.

        blind: What stood on its screens was not known: the edit must read it first.
    """

    goal: Values = UNKNOWN
    back: Values = UNKNOWN
    ran: Values = UNKNOWN
    blind: bool = False
    found: Found = field(default_factory=Found, compare=False, repr=False)

    @property
    def restored(self) -> Values:
        """What an undo puts on the screens: what the edit found there, or what was known before."""
        return self.found.back or self.back

    @property
    def idle(self) -> bool:
        """The router runs the goal already: only its screens may hold something else."""
        return self.ran.hold(self.goal)


def compile_steps(
    steps: Sequence[Step],
    view: RouterView,
    circuits: Sequence[Circuit],
    *,
    restart: bool,
    refused: str = "",
) -> tuple[Action, ...]:
    """Turn the steps of a plan into actions.

    The router forgets connections with the address they left from, and announces a new one by
    itself: steps that ask for either take no action.

    Args:
        steps: The plan's.

        view: What the router held when it was read.

        circuits: The site's.

        restart: It may be restarted.

        refused: Why nothing will be typed, where that is known; but for values that run already.

    Raises:
        DriverError: The steps name no address or no gateway.
    """
    address = next((step for step in steps if isinstance(step, SetAddress)), None)
    gateway = next((step for step in steps if isinstance(step, SetGateway)), None)
    if address is None or gateway is None:
        raise DriverError("a plan for an R9100 needs an address and a gateway")
    goal = Values(address.new.ip, address.new.netmask, gateway.new)
    ran = _ran(address, gateway, view)
    known = view.configured if isinstance(view, NetopiaView) else None
    stands = known if ran.address in {None, view.source} else None
    back = back_to(ran, stands, circuits) if stands is not None else ran
    blind = stands is not None and None in {stands.address, stands.gateway}
    found = Found()
    does = tuple(_edits(goal))
    if refused and not ran.hold(goal):
        does = (f"fail before a key is pressed: {refused}; else it would", *does)

    def change(
        name: str,
        title: str,
        does: tuple[str, ...],
        undoes: tuple[str, ...] = (),
        *,
        must: bool = True,
    ) -> Change:
        return Change(name, title, does, undoes, must, goal, back, ran, blind, found)

    return (
        change(EDIT, f"{address}; {gateway}", does, tuple(_edits(back))),
        change(EFFECT, "see it in effect", (*_waits(goal, restart=restart), *_by_itself(steps))),
        change(LOOK, "look from the router itself, and log out", _looks(goal), must=False),
    )


def _ran(address: SetAddress, gateway: SetGateway, view: RouterView) -> Values:
    """What the plan leaves, which after an interruption need not be what runs now."""
    old = address.old or address.new
    known = address.old is None or view.netmask_of(old.ip) is not None or old.ip != view.source
    mask = old.netmask if known else None
    return Values(old.ip, mask, gateway.old)


def back_to(ran: Values, stood: Values, circuits: Sequence[Circuit]) -> Values:
    """What an undo puts on the screens.

    That is what *stood* there, unless it was the half of an earlier change: then what *ran* is the
    circuit to return to. An address by DHCP stands as 0.0.0.0.
    """
    whole = any(ran.hold(Values.of(circuit)) for circuit in circuits)
    if stood.by_dhcp or not whole:
        mask = stood.mask or (None if stood.by_dhcp else ran.mask)
        return Values(stood.address or ran.address, mask, stood.gateway or ran.gateway)
    return replace(ran, mask=ran.mask or stood.mask)


def _edits(values: Values) -> Iterator[str]:
    """What typing *values* presses; the router's menus may have fewer steps, or more."""
    yield "open a telnet session and log in; expect the Main Menu"
    yield from _screen(WAN, ((ADDRESS, values.address), (MASK, values.mask)))
    yield from _screen(IP, ((GATEWAY, values.gateway),))


def _screen(goal: Goal, wanted: tuple[tuple[Label, IPv4Address | None], ...]) -> Iterator[str]:
    if all(text is None for _, text in wanted):
        return
    yield from _way(goal)
    for label, text in wanted:
        if text is not None:
            yield (
                f"press Down until {label} is highlighted; unless it holds {text}: Delete, "
                f"type {text}, read it back, Return, read it again"
            )
    yield f"press Escape, Return: expect {goal.name} with these values"
    yield "press Escape until the Main Menu"


def _way(goal: Goal) -> Iterator[str]:
    for hop in goal.path:
        yield f"press Down until {hop} is highlighted, Return"
    yield f"expect {goal.name}, with {goal.fields[0]}"


def _waits(values: Values, *, restart: bool) -> Iterator[str]:
    yield (
        f"ask by SNMP (ipAddrTable, ipRouteNextHop.0.0.0.0), or read Quick View, until the router "
        f"runs {values}"
    )
    if restart:
        yield (
            "if it waits for that: restart it (SNMP deviceRestart, or «Restart System...» and "
            "«CONTINUE») and wait until it is back"
        )
    else:
        yield "if it waits for a restart: put back what was there, and fail (needs-restart)"


def _by_itself(steps: Sequence[Step]) -> Iterator[str]:
    """What the plan asks for and no key does."""
    for step in steps:
        if not isinstance(step, SetAddress | SetGateway):
            yield f"nothing to type to {step}: the router does so by itself"


def _looks(values: Values) -> tuple[str, ...]:
    return (
        "press Down until «Quick View...» is highlighted, Return; read address and gateway; Escape",
        *_way(PING),
        f"type {values.gateway}, Return; «START PING», Return; read Status; Escape",
        "press Escape until the Main Menu, and close the session",
    )
