"""The keys of `notify:`, a list of who is told, and of `notices:`, how often.

An item has one key that names its kind, and the keys that go with it below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, PlainValidator, ValidationInfo, model_validator

from wanfailover.addressees import Addressee, ByApprise, ByCommand, ByMail, ByWebhook, Notices
from wanfailover.config import vault
from wanfailover.config.addresses import HostPort, host_port
from wanfailover.config.document import Fault
from wanfailover.config.fields import Flag, Text, about, text, wrong
from wanfailover.config.keys import Keys
from wanfailover.config.references import FileReference, SecretReference, no_bare_name
from wanfailover.config.spans import counted, span
from wanfailover.config.tree import KeyPath
from wanfailover.config.words import quoted
from wanfailover.ports import Secret

_MAILBOX = re.compile(
    r"[^\s<>@,;:\"()\[\]\\]+@[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?", re.ASCII
)

HIDDEN = Secret("https://secret.invalid/")
"""Stands for a URL that was not to be read."""


def _mailbox(value: object, info: ValidationInfo) -> str:
    address = text(value, info)
    if not _MAILBOX.fullmatch(address) or not address.isascii():
        raise wrong(f"{about(address, info)} is no address of mail, such as ops@example.com")
    return address


def _mailboxes(value: object, info: ValidationInfo) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    if not several:
        raise wrong(f"`{info.field_name}` is empty; name whom to write to: [ops@example.com]")
    return tuple(_mailbox(each, info) for each in several)


Mailbox = Annotated[str, PlainValidator(_mailbox)]
Mailboxes = Annotated[tuple[str, ...], PlainValidator(_mailboxes)]


def _url(value: object, info: ValidationInfo) -> object:
    """A URL as it stands, checked, or a reference to where it is kept."""
    if isinstance(value, dict):
        return value
    address = text(value, info)
    why = unusable(address)
    if "@" in urlsplit(address).netloc:  # said before the value is ever repeated
        why = "holds a login, which has no place in the profile; write {file: NAME} for all of it"
    if why:
        raise wrong(f"`{info.field_name}` {why}")
    return address


def unusable(url: str) -> str:
    """Say what is wrong with a webhook's URL, without repeating it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no URL, such as https://hooks.example.net/wan"
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return "is no URL, such as https://hooks.example.net/wan"
    return "" if url.isprintable() and " " not in url else "has characters that no URL has"


class SmtpPathKeys(Keys):
    server: Annotated[HostPort, host_port(25)]
    from_: Mailbox
    to: Mailboxes
    starttls: Flag = False
    username: Text | None = None
    password: SecretReference | None = None

    @model_validator(mode="after")
    def _log_in(self) -> SmtpPathKeys:
        if (self.username is None) is not (self.password is None):
            raise wrong("to log in give both, `username` and `password`")
        if self.username is not None and not self.starttls:
            raise wrong("a password goes over TLS only; write `starttls: true` beside it")
        return self


class WebhookKeys(Keys):
    url: Annotated[str | SecretReference, BeforeValidator(_url)]
    token: SecretReference | None = None


def _webhook(value: object) -> WebhookKeys:
    plain = isinstance(value, dict) and "url" in value
    return WebhookKeys.model_validate(value if plain else {"url": value})


def _words(value: object, info: ValidationInfo) -> tuple[str, ...]:
    words = value if isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str) and word.isprintable() for word in words):
        raise wrong(f"{about(value, info)} should be a program and its words: [/usr/local/bin/led]")
    if not str(words[0]).startswith("/"):
        raise wrong(f"{about(value, info)} should begin with the whole path of a program")
    return tuple(words)


class PathKeys(Keys):
    """One of those who are told."""

    smtp: SmtpPathKeys | None = None
    webhook: Annotated[WebhookKeys, PlainValidator(_webhook)] | None = None
    exec_: Annotated[tuple[str, ...], PlainValidator(_words)] | None = None
    apprise: Annotated[FileReference, BeforeValidator(no_bare_name)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> PathKeys:
        if len(self.given(*type(self).model_fields)) != 1:
            raise wrong(f"name one way to tell somebody: {quoted(self.known(), 'or')}")
        return self


class NoticesKeys(Keys):
    per_hour: Annotated[int, counted(1, 1000)] | None = None
    remind: Annotated[float, span("10m", "30d")] | None = None
    keep: Annotated[float, span("1h", "30d")] | None = None


def read_notices(
    paths: Iterable[PathKeys], limits: NoticesKeys, folder: Path, *, secrets: bool
) -> tuple[Notices, list[Fault]]:
    """Make the value, with what the profile only refers to.

    Args:
        paths: Who is told.

        limits: How often.

        folder: Where the relative paths of secrets begin.

        secrets: Read them; else they stay None.
    """
    reader = _Reader(folder, secrets=secrets)
    found = [reader.path(("notify", index), keys) for index, keys in enumerate(paths)]
    made = tuple(path for path in found if path is not None)
    for index, path in enumerate(made):
        if path in made[:index]:
            reader.faults.append(Fault(("notify", index), f"{path.name} is told already"))
    return Notices(made, **limits.given(*NoticesKeys.model_fields)), reader.faults


class _Reader:
    """Reads secrets, and collects what is wrong with them."""

    def __init__(self, folder: Path, *, secrets: bool) -> None:
        self._folder = folder
        self._secrets = secrets
        self.faults: list[Fault] = []

    def path(self, at: KeyPath, keys: PathKeys) -> Addressee | None:
        if keys.smtp is not None:
            return self._mail((*at, "smtp"), keys.smtp)
        if keys.webhook is not None:
            return self._webhook((*at, "webhook"), keys.webhook)
        if keys.exec_ is not None:
            return ByCommand(keys.exec_)
        if keys.apprise is None:
            return None  # complained of elsewhere
        if not self._secrets:
            return ByApprise(self._folder / str(keys.apprise.file))
        try:
            return ByApprise(vault.private_file(keys.apprise, self._folder))
        except ValueError as error:
            self.faults.append(Fault((*at, "apprise", keys.apprise.place), str(error)))
        return None

    def _mail(self, at: KeyPath, keys: SmtpPathKeys) -> Addressee:
        return ByMail(
            keys.server.host, keys.from_, keys.to, keys.server.port, keys.starttls,
            keys.username, self._secret((*at, "password"), keys.password),
        )  # fmt: skip

    def _webhook(self, at: KeyPath, keys: WebhookKeys) -> Addressee:
        if isinstance(keys.url, str):
            url: Secret | None = Secret(keys.url)
        else:
            url = self._secret((*at, "url"), keys.url)
            why = unusable(url.reveal()) if url else ""
            if why:
                self.faults.append(Fault(at, f"what is kept there {why}"))
        return ByWebhook(url or HIDDEN, self._secret((*at, "token"), keys.token))

    def _secret(self, at: KeyPath, reference: Any) -> Secret | None:
        if reference is None or not self._secrets:
            return None
        try:
            return vault.secret(reference, self._folder)
        except ValueError as error:
            self.faults.append(Fault(at, str(error)))
            return None
