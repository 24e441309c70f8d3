"""The conversation of `wanfailover init`: from what a router holds to a proposal of a profile."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import click

from wanfailover.cli.asking import Asker
from wanfailover.cli.doorway import Login
from wanfailover.config.kinds import probe_keys
from wanfailover.config.proposal import PROBES, Proposal, ProposedCircuit, sound
from wanfailover.config.safe import Owner
from wanfailover.config.schema import CircuitKeys
from wanfailover.config.tree import parse
from wanfailover.core.facts import RouterView

SERVICE = "wanfailover"
"""The user that the systemd unit runs as."""


def circuits(ask: Asker, login: Login, view: RouterView) -> tuple[ProposedCircuit, ...]:
    """The one in use as the router has it, and the other as the person says."""
    where = f" on {view.interface}" if view.interface else ""
    held = _held(view)
    click.echo(f"It uses {held or 'no address'} by way of {view.gateway or 'no gateway'}{where}.")
    for remark in view.remarks:
        click.echo(f"It also says: {remark}")
    click.echo()
    spare = not ask.whether("preferred", "Is this the circuit you prefer to be on", default=True)
    used = _circuit(
        ask, "", "this circuit", "backup" if spare else "primary",
        {"address": held, "gateway": view.gateway, "interface": view.interface},
    )  # fmt: skip
    click.echo()
    other = _circuit(
        ask, "other_", "the other circuit", "primary" if spare else "backup",
        {"address": None, "gateway": None, "interface": used.interface},
    )  # fmt: skip
    used = replace(used, remark="the router was on it when this was written")
    first, last = (other, used) if spare else (used, other)
    return replace(first, vantage=_vantage(ask, login, first, last)), last


def _circuit(
    ask: Asker, prefix: str, what: str, name: str, known: dict[str, Any]
) -> ProposedCircuit:
    """What the router has told is not asked again, though an option may say otherwise."""

    def value(key: str, question: str, read: Callable[[str], Any]) -> Any:
        told = known[key]
        if told is not None and not prefix and ask.given.get(key) is None:
            return told
        return ask.text(f"{prefix}{key}", question, None if told is None else str(told), read)

    called = ask.text(f"{prefix}name", f"A name for {what}", name, _as(str, "name"))
    address = value("address", "Its address with prefix, such as 203.0.113.2/29",
                    _as(IPv4Interface, "address"))  # fmt: skip

    def gateway(text: str) -> IPv4Address:
        found: IPv4Address = _as(IPv4Address, "gateway")(text)
        if found not in address.network:
            raise ValueError(f"{found} is outside {address.network}, the address's network")
        return found

    by = value("gateway", "Its gateway", gateway)
    interface = None
    if known["interface"] is not None or ask.given.get(f"{prefix}interface"):
        interface = value("interface", "The router's interface towards it", _as(str, "interface"))
    metered = ask.whether(f"{prefix}metered", "Is it metered, or slow", default=False)
    return ProposedCircuit(called, address, by, interface, metered)


def _as(kind: Callable[[str], Any], key: str) -> Callable[[str], Any]:
    return lambda text: kind(sound(CircuitKeys, key, text.strip()))


def _held(view: RouterView) -> IPv4Interface | None:
    if view.source is None or (length := view.netmask_of(view.source)) is None:
        return None
    return IPv4Interface((view.source, length))


def _vantage(ask: Asker, login: Login, seen: ProposedCircuit, other: ProposedCircuit) -> str | None:
    """How the preferred circuit is seen while it is idle, as a profile has it."""
    marks = getattr(login.plugin, "marks", False)

    def read(text: str) -> str | None:
        how, _, what = text.partition(":")
        if text == "none":
            return None
        if text == "mark" and marks:
            return "{mark: 8}"
        if how in {"bind", "source"} and what:
            return f"{{{how}: {what}}}"
        ways = ["none", *(["mark"] if marks else []), "bind:INTERFACE", "source:ADDRESS"]
        raise ValueError(f"{text} is none of {', '.join(ways)}")

    if not ask.quiet and ask.given.get("vantage") is None:
        click.echo(
            f"\nWhile the router is on {other.name}, how is {seen.name} seen?\n"
            "  none              not at all: it is tried now and then, and left unless it works"
        )
        if marks:
            click.echo("  mark              the router sends marked probes out by it")
        click.echo(
            "  bind:INTERFACE    this host has a port of its own on that line\n"
            "  source:ADDRESS    this host has an address of its own there"
        )
    found: str | None = ask.text("vantage", "Which", "none", read)
    return found


def probes(ask: Asker) -> tuple[str, ...]:
    """Far targets, as they stand in a profile; none: those that are suggested."""

    def read(text: str) -> str:
        text = text.strip().removeprefix("{").removesuffix("}")
        data = parse(f"x: {{{text}}}").data
        probe_keys(data["x"] if isinstance(data, dict) else data)
        return f"{{{text}}}"

    given = tuple(ask.given.get("probe", ()))
    if given:
        return tuple(
            Asker({"probe": each}, quiet=True).text("probe", "", read=read) for each in given
        )
    if ask.quiet:
        return ()
    click.echo("\nTargets on the Internet, asked all the time; while they answer, a circuit works:")
    for text, remark in PROBES:
        click.echo(f"  {text:<26} {remark}")
    if click.confirm("Take these for now (replace what belongs to your provider)", default=True):
        return ()
    found: list[str] = []
    while text := ask.text("_", "One such line (empty: no more)", "", lambda t: t and read(t)):
        found.append(text)
    return tuple(found)


def proposal(login: Login, site: str, driver: str, **rest: Any) -> Proposal:
    """Put together what is known, with names for the files beside the profile."""
    access = login.access
    files = {key: f"{site}.{key.replace('_', '-')}" for key in login.beside} | login.there
    order = ["key", "password", "known_hosts", "sudo_password", "read_community", "community"]
    return Proposal(
        site=site,
        driver=driver,
        transport=access.transport,
        host=access.host,
        port=access.port,
        username=access.username,
        files={key: files[key] for key in order if key in files},
        options=login.options,
        marks=getattr(login.plugin, "marks", False),
        **rest,
    )


def service() -> tuple[Owner | None, Owner | None]:
    """Whose secrets, and whose other files: root gives them to the service, where it has a user."""
    if os.geteuid() == 0:
        with suppress(KeyError):
            user = pwd.getpwnam(SERVICE)
            return Owner(user.pw_uid, user.pw_gid), Owner(0, user.pw_gid)
    return None, None
