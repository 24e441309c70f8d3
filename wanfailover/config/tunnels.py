"""The profile's `tunnels`: what is asked through each, and what of the router's is renewed."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import PlainValidator, ValidationInfo, model_validator

from wanfailover.config.fields import Duration, Word, wrong
from wanfailover.config.keys import Keys
from wanfailover.config.kinds import ProbeKeys, probe_keys
from wanfailover.config.profile import TunnelSpec

CHECKS = ("icmp", "tcp", "smtp")
"""The kinds of probe that go through a tunnel."""


def _check(value: object, info: ValidationInfo) -> ProbeKeys:
    if isinstance(value, dict) and not any(value.get(kind) is not None for kind in CHECKS):
        raise wrong(
            f"`{info.field_name}` asks somebody at the tunnel's far end: "
            "{icmp: 10.20.0.1}, {tcp: '10.20.0.1:443'} or {smtp: '10.20.0.25:25'}"
        )
    return probe_keys(value)


class TunnelKeys(Keys):
    name: Word
    check: Annotated[ProbeKeys, PlainValidator(_check)]
    within: Duration | None = None
    ike: Word | None = None
    child: Word | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.given("ike", "child")) == 1:
            raise wrong(
                "to have a tunnel renewed give both: `ike`, its connection's name in the router's "
                "swanctl.conf, and `child`, the name under that one's children"
            )
        return self

    def spec(self) -> TunnelSpec:
        """Make the value."""
        rest = self.given("within", "ike", "child")
        return TunnelSpec(self.name, self.check.spec(), **rest)
