"""Drivers' plugins as far as a profile needs them: the loader is tested without any real driver."""

from __future__ import annotations

from collections.abc import Mapping

from wanfailover.ports import DriverPlugin, OptionsWrong, RouterAccess, RouterDriver


class Linux:
    """Two transports, and one option that is a boolean."""

    transports: tuple[str, ...] = ("ssh", "local")
    marks = True

    def options(self, raw: Mapping[str, object]) -> dict[str, object]:
        wrong = [(key, "is none of this driver") for key in raw if key != "sudo"]
        if not isinstance(raw.get("sudo", False), bool):
            wrong.append(("sudo", "is neither true nor false"))
        if wrong:
            raise OptionsWrong(wrong)
        return dict(raw)

    def build(self, access: RouterAccess) -> RouterDriver:
        raise NotImplementedError


class Menus(Linux):
    """A router with a console of menus, by telnet."""

    transports = ("telnet",)
    marks = False


PLUGINS: Mapping[str, DriverPlugin] = {"linux": Linux(), "menus": Menus()}
