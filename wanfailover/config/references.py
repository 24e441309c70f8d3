"""What a profile only refers to: where a secret or a file is kept, and never the secret."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, PlainValidator, ValidationInfo, model_validator

from wanfailover.config.fields import wrong
from wanfailover.config.keys import Keys
from wanfailover.config.words import listed


def _name(value: object, info: ValidationInfo) -> str:
    if not isinstance(value, str) or not value:
        # Not repeated: it may be the secret itself, a number as it happens.
        raise wrong(f"`{info.field_name}` takes a name; put it in quotes if it is a number")
    return value


Name = Annotated[str, PlainValidator(_name)]


class FileKeys(Keys):
    """Where a file is kept."""

    file: Name | None = None
    credential: Name | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if len(self.given(*type(self).model_fields)) != 1:
            places = (f"{{{place}: NAME}}" for place in type(self).model_fields)
            raise wrong(f"name one place it is kept in: {listed(places, 'or')}")
        return self

    @property
    def place(self) -> str:
        """Which kind of place it is."""
        (place,) = self.given(*type(self).model_fields)
        return place


class SecretKeys(FileKeys):
    """Where a secret is kept; never the secret."""

    env: Name | None = None


def _no_secret(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, dict):
        raise wrong(
            f"`{info.field_name}` holds the secret itself, which has no place in the profile; "
            "name where it is kept: {file: NAME}, {env: NAME} or {credential: NAME}"
        )
    return value


def no_bare_name(value: object, info: ValidationInfo) -> object:
    """Accept a reference to a file."""
    if not isinstance(value, dict):
        raise wrong(f"`{info.field_name}` names a file; write it as {{file: NAME}}")
    return value


SecretReference = Annotated[SecretKeys, BeforeValidator(_no_secret)]
FileReference = Annotated[FileKeys, BeforeValidator(no_bare_name)]
