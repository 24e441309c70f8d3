"""A profile as it stands in its file: plain data, and the line and column of each key and value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wanfailover.config.tree import KeyPath, Place, Tree, Unreadable, parse
from wanfailover.errors import Complaint, ProfileError


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a place in the profile.

    Args:
        key: The fault lies in the key, not in its value.
    """

    at: KeyPath
    text: str
    key: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A profile's data, and where each part of it stands.

    Args:
        complaints: What was wrong with it as YAML and could be passed over, such as a key twice.
    """

    file: str
    data: dict[str, object]
    tree: Tree
    complaints: tuple[Complaint, ...] = ()

    def complaint(self, fault: Fault) -> Complaint:
        """Say where a fault stands; what is missing stands at what should have held it."""
        return Complaint(self.file, *self._place(fault.at, key=fault.key), fault.text)

    def _place(self, at: KeyPath, *, key: bool) -> Place:
        while at:
            if key and at in self.tree.keys:
                return self.tree.keys[at]
            if at in self.tree.values:
                return self.tree.values[at]
            at, key = at[:-1], True
        return 1, 1


def read(path: Path) -> Document:
    """Read a profile's file.

    Raises:
        ProfileError: It cannot be read, or is no mapping in YAML.
    """
    file = str(path)
    try:
        tree = parse(_text(path))
    except Unreadable as unreadable:
        complaint = Complaint(file, *unreadable.place, str(unreadable))
    else:
        if isinstance(tree.data, dict):
            complaints = tuple(Complaint(file, *place, text) for place, text in tree.remarks)
            return Document(file, tree.data, tree, complaints)
        complaint = Complaint(file, 1, 1, _not_a_mapping(tree.data))
    # Raised out here, where no exception is being handled: a traceback through the YAML
    # parser's own would print the line of the file, and with it perhaps a secret.
    raise ProfileError([complaint])


def _not_a_mapping(data: object) -> str:
    if data is None:
        return "the profile is empty; begin it with `site:`, `router:` and `circuits:`"
    return "a profile is keys with values, such as `site: office`; this is something else"


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise Unreadable((1, 1), "there is no such file") from None
    except IsADirectoryError:
        raise Unreadable((1, 1), "this is a directory; name the profile in it") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Unreadable((1, 1), f"the file cannot be read: {why}") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", errors="replace")
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Unreadable(place, "this is not UTF-8; save the profile as UTF-8 text") from None
