"""One screen in front of a user: what is highlighted, and what is being typed into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wanfailover_netopia.virtual import wording
from wanfailover_netopia.virtual.beginning import CIRCUIT
from wanfailover_netopia.virtual.boxes import Notice, PopUp
from wanfailover_netopia.virtual.fields import FIELDS, Field, Kind
from wanfailover_netopia.virtual.frame import COLUMNS, Frame, Look
from wanfailover_netopia.virtual.layout import Item, Page, Showing, lay_out
from wanfailover_netopia.virtual.screens import SCREENS
from wanfailover_netopia.virtual.tables import block

if TYPE_CHECKING:
    from wanfailover_netopia.virtual.session import Session

NEEDS_RESTART = (
    "The changes you have made will take effect",
    "after the Netopia is restarted.",
    "",
    "Press RETURN to go on.",
)


@dataclass(slots=True)
class Edit:
    """A value that has not been accepted yet, and where the insertion point is in it."""

    text: str
    cursor: int
    typed: int = 0


class View:
    """A screen of one session."""

    full = True

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._router = session.router
        self._variants = session.router.variants
        self.name = name
        self._screen = SCREENS[name]
        self._at = 0
        self._label = ""
        self._edit: Edit | None = None
        self._dirty = False
        self.scrolled = 0

    @property
    def title(self) -> str:
        """As row 2 shows it."""
        title = self._screen.title
        return self._shown(title[1:-1]) if title.startswith("[") else title

    @property
    def in_secret(self) -> bool:
        """Whether what is typed now must not be told."""
        items = self._page().items
        key = self._item(self._page()).key if items else None
        return key is not None and FIELDS[key].kind is Kind.SECRET

    # Drawing

    def draw(self, frame: Frame, *, reverse: bool) -> None:
        """Draw all of it."""
        page = self._page()
        if self.name == "main":
            frame.put(1, 27, self.title, Look.BOLD)
        else:
            frame.centre(1, self.title, Look.BOLD)
        if self._screen.right:
            clock = self._shown(self._screen.right[1:-1])
            frame.put(1, COLUMNS - 1 - len(clock), clock)
        for row, column, text in page.words:
            frame.put(row, column, text)
        for item in page.items:
            self._draw_item(frame, item)
        frame.put(23, 2, self._screen.help)
        if page.items:
            self._highlight(frame, self._item(page), reverse=reverse)

    def _draw_item(self, frame: Frame, item: Item) -> None:
        frame.put(item.row, item.column, item.label)
        if item.key is not None:
            frame.put(item.row, item.value_column, self._shown_value(item.key))

    def _shown_value(self, key: str) -> str:
        value = self._session.get(key)
        secret = FIELDS[key].kind is Kind.SECRET and not key.startswith("snmp.")
        return "*" * len(value) if secret else value

    def _highlight(self, frame: Frame, item: Item, *, reverse: bool) -> None:
        frame.put(22, 2, wording.EDITING if self._typing(item) else wording.item_help(item))
        look = Look.REVERSE if reverse else Look.PLAIN
        if item.key is None or "highlight-value" not in self._variants:
            frame.put(item.row, item.column, item.label, look)
            frame.cursor = (item.row, item.column)
        else:
            value = self._shown_value(item.key).ljust(FIELDS[item.key].width)
            frame.put(item.row, item.value_column, value, look)
        if item.key is not None and self._edit is not None:
            width = FIELDS[item.key].width
            secret = FIELDS[item.key].kind is Kind.SECRET
            text = "*" * len(self._edit.text) if secret else self._edit.text
            plain = Look.PLAIN if "highlight-value" not in self._variants else look
            frame.put(item.row, item.value_column, text.ljust(width), plain)
            frame.cursor = (item.row, min(item.value_column + self._edit.cursor, COLUMNS - 1))

    def _typing(self, item: Item) -> bool:
        return self._edit is not None and item.key is not None and FIELDS[item.key].typed

    def _shown(self, word: str) -> str:
        return wording.show(word, self._router, self._session.pinger)

    def _page(self) -> Page:
        shuffle = f"{self._router.seed} {self.name}" if "shuffled" in self._variants else None
        return lay_out(
            self._screen.picture,
            Showing(
                holds=lambda word: wording.holds(word, self._router, self._session.pinger),
                show=self._shown,
                block=lambda name: block(name, self._router, self.scrolled),
                shuffle=shuffle,
            ),
        )

    def _item(self, page: Page) -> Item:
        """The highlighted one: by its label, for items may come and go."""
        items = page.items
        if self._at >= len(items) or items[self._at].label != self._label:
            same = [number for number, item in enumerate(items) if item.label == self._label]
            self._at = same[0] if same else min(self._at, len(items) - 1)
            self._label = items[self._at].label
        return items[self._at]

    # Keys

    def press(self, key: str) -> None:
        """Take a key."""
        page = self._page()
        if not page.items:
            if key == "Escape":
                self._leave()
            return
        item = self._item(page)
        if self._edit is not None and item.key is not None:
            self._press_editing(key, item, self._edit, item.key)
        elif key in {"Up", "Down", "<", ">"}:
            self._move(key, page)
        elif key == "Escape":
            self._leave()
        elif key == "Return":
            self._run(item)
        elif item.key is not None:
            self._begin(key, FIELDS[item.key], item.key)

    def _move(self, key: str, page: Page) -> None:
        last = len(page.items) - 1
        there = {"Up": self._at - 1, "Down": self._at + 1, "<": 0, ">": last}[key]
        wrapped = there % (last + 1) if "wrap" in self._variants else there
        self._at = min(max(wrapped, 0), last)
        self._label = page.items[self._at].label

    def _leave(self) -> None:
        if self.name == "main":
            return
        self._session.pop()
        if self._dirty:
            self._session.push(Notice(NEEDS_RESTART, self._session.pop))

    def _run(self, item: Item) -> None:
        if item.to is not None:
            self._session.follow(item.to)
        elif item.key is not None and FIELDS[item.key].kind is Kind.CHOICE:
            self._offer(item, item.key)
        else:
            self._next()

    def _next(self) -> None:
        if "stay" not in self._variants:
            self._move("Down", self._page())

    def _offer(self, item: Item, key: str) -> None:
        choices = FIELDS[key].choices
        value = self._session.get(key)
        self._session.push(
            PopUp(
                choices,
                lambda number: self._accept(item, key, choices[number]),
                self._session.pop,
                top=item.row - 1,
                at=choices.index(value) if value in choices else 0,
            )
        )

    # Editing

    def _begin(self, key: str, field: Field, name: str) -> None:
        value = self._session.get(name)
        if field.kind is Kind.TOGGLE:
            if key == "Tab":
                self._edit = Edit(_other(field, value), 0)
            return
        if not field.typed:
            return
        if key in {"Delete", "Backspace", " "}:
            self._clear(key, value)
        elif len(key) == 1:
            start = value if "append" in self._variants else ""
            self._start(Edit(start, len(start)))
            self._type(key, field, name)

    def _clear(self, key: str, value: str) -> None:
        if "no-clear" not in self._variants:
            self._start(Edit("", 0))
        elif key == " ":
            self._session.bell()
        else:
            self._start(Edit(value[:-1], len(value[:-1])))

    def _start(self, edit: Edit) -> None:
        self._edit = edit
        self._router.edits_begun += 1

    def _type(self, char: str, field: Field, name: str) -> None:
        edit = self._edit
        if edit is None:
            return
        spaces = field.kind in {Kind.TEXT, Kind.SECRET}
        if len(edit.text) >= field.width or (char == " " and not spaces):
            self._session.bell()
            return
        edit.text = edit.text[: edit.cursor] + char + edit.text[edit.cursor :]
        edit.cursor += 1
        edit.typed += 1
        if name in CIRCUIT and self._router.drop_at == (self._router.edits_begun, edit.typed):
            self._router.drop_at = None
            self._session.end("lost in the middle of an edit", reset=True)

    def _press_editing(self, key: str, item: Item, edit: Edit, name: str) -> None:
        field = FIELDS[name]
        if key == "Escape":
            self._edit = None
        elif key == "Return":
            self._accept(item, name, edit.text)
        elif field.kind is Kind.TOGGLE:
            if key == "Tab":
                edit.text = _other(field, edit.text)
        elif key in {"Left", "Right"}:
            step = 1 if key == "Right" else -1
            edit.cursor = min(max(edit.cursor + step, 0), len(edit.text))
        elif key in {"Delete", "Backspace"}:
            before = max(edit.cursor - 1, 0)
            edit.text = edit.text[:before] + edit.text[edit.cursor :]
            edit.cursor = before
        elif len(key) == 1:
            self._type(key, field, name)

    def _accept(self, item: Item, name: str, text: str) -> None:
        """Take a value for good, or refuse it in this unit's way."""
        wrong = self._router.wrong(name, text)
        if wrong is not None:
            self._refuse(name, text, wrong)
            return
        self._edit = None
        self._dirty |= (
            name in CIRCUIT and "restart-notice" in self._variants and self._router.delayed
        )
        self._session.put(name, text, item.label, self.title)
        self._next()

    def _refuse(self, name: str, text: str, wrong: str) -> None:
        self._router.note("refused", session=self._session.number, field=name, value=text)
        if "dialog" in self._variants:
            self._edit = None
            self._session.push(Notice((wrong,), self._session.pop))
        elif "revert" in self._variants:
            self._edit = None
        else:
            self._session.bell()


def _other(field: Field, value: str) -> str:
    return field.choices[1] if value == field.choices[0] else field.choices[0]
