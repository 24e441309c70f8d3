"""What items do that lead to no screen: ``>!word`` in the screens' pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wanfailover_netopia.virtual.boxes import Notice, PopUp, Question
from wanfailover_netopia.virtual.fields import FIELDS
from wanfailover_netopia.virtual.tables import PAGE, heading, rows
from wanfailover_netopia.virtual.view import View

if TYPE_CHECKING:
    from wanfailover_netopia.virtual.session import Session

QUESTIONS = {
    "restart": (
        "You have chosen to restart the Netopia R9100.",
        "All connections will be lost, this one too.",
    ),
    "factory": (
        "You have chosen to revert to the factory defaults.",
        "The whole configuration will be lost.",
    ),
    "disconnect-telnet": ("This telnet console session will be disconnected.",),
    "disconnect-wan": ("The WAN connection will be disconnected.",),
    "remove-filter": ("The filter set will be removed from this port.",),
    "firewall": ("The Basic Firewall will be bound to the WAN port.",),
    "clear-wan": ("The WAN Event History will be cleared.",),
    "clear-device": ("The Device Event History will be cleared.",),
    "bridge": ("This device will become a bridge, and route no more.",),
    "upgrade": ("The feature set will be changed, and the unit restarted.",),
    "firmware": ("The firmware will be replaced, and the unit restarted.",),
    "config": ("The configuration will be replaced, and the unit restarted.",),
}


def do(session: Session, words: str) -> None:
    """Do what an item's ``!`` words say.

    ``!nothing`` only draws anew what has changed; tools that lead out of the unit lead nowhere.
    """
    verb, *rest = words.split()
    match verb, rest:
        case "back", []:
            session.pop()
        case "main", []:
            session.main_menu()
        case "dialog", [name]:
            _ask(session, name)
        case (("add" | "store" | "list"), [table, *purpose]):
            _change_table(session, verb, table, purpose)
        case "detail", [name, number]:
            _detail(session, name, int(number))
        case "scroll", [pages]:
            session.view.scrolled += PAGE * int(pages)
        case (("ping" | "stop-ping"), []):
            _ping(session, start=verb == "ping")


def _change_table(session: Session, verb: str, table: str, purpose: list[str]) -> None:
    if verb == "add":
        session.form = {}
        session.push(View(session, f"{table}-add"))
    elif verb == "store":
        _store(session, table)
    else:
        _list(session, table, *purpose)


def _ping(session: Session, *, start: bool) -> None:
    if start:
        packets, delay = _number(session, "ping.packets"), _number(session, "ping.delay")
        session.pinger.start(session.get("ping.host"), packets, delay)
    else:
        session.pinger.stop()


def _number(session: Session, key: str) -> int:
    text = session.get(key)
    return int(text if text.isdecimal() else FIELDS[key].default)


def _ask(session: Session, name: str) -> None:
    def answer(go_on: bool) -> None:
        told = "CONTINUE" if go_on else "CANCEL"
        session.note("dialog", name=name, answer=told, destructive=True)
        if go_on:
            _go_on(session, name)

    session.push(Question(QUESTIONS[name], answer, session.pop))


def _go_on(session: Session, name: str) -> None:
    router = session.router
    match name:
        case "restart" | "upgrade" | "firmware" | "config":
            router.restart(name)
        case "factory":
            router.factory_reset()
        case "disconnect-telnet":
            session.end("disconnected from the menu")
        case "disconnect-wan" | "bridge":
            router.reset_link()
        case "remove-filter":
            router.store("wan.filter", "<<None>>")
        case "firewall":
            router.store("wan.filter", "Basic Firewall")
        case "clear-wan":
            router.wan_log.events.clear()
        case "clear-device":
            router.device_log.events.clear()


def _store(session: Session, table: str) -> None:
    entry = {
        key.partition(".")[2]: session.get(key) for key in FIELDS if key.startswith(f"{table}.")
    }
    session.router.tables.setdefault(table, []).append(entry)
    session.note("edit", field=table, label="ADD", screen=session.view.title, old=None, new="*")
    session.pop()


def _list(session: Session, table: str, purpose: str) -> None:
    entries = session.router.tables.get(table, [])

    def choose(number: int) -> None:
        if purpose == "delete":
            _ask_to_delete(session, table, number)
        else:
            session.form = entries[number]
            session.push(View(session, f"{table}-change"))

    session.push(PopUp(rows(table, session.router), choose, session.pop, head=heading(table)))


def _ask_to_delete(session: Session, table: str, number: int) -> None:
    def answer(go_on: bool) -> None:
        told = "CONTINUE" if go_on else "CANCEL"
        session.note("dialog", name=f"delete {table}", answer=told, destructive=True)
        if go_on:
            del session.router.tables[table][number]

    session.push(Question(("The entry will be deleted.",), answer, session.pop))


def _detail(session: Session, name: str, number: int) -> None:
    log = session.router.wan_log if name == "wan-log" else session.router.device_log
    events = log.events[::-1]
    if number < len(events):
        session.push(Notice((events[number].text, "", events[number].detail), session.pop))
