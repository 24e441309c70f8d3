"""The keys of a profile, group by group; the profile's own page in ``profiles/`` tells them apart.

A key that the contract has and the program has not is `NotBuilt`, so that it is told from a slip of
the finger. Defaults that belong to the core or to a probe are not repeated here: what the profile
leaves out is handed on as left out.
"""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import Field, PlainValidator, ValidationInfo, model_validator

from wanfailover.config.addresses import Address, AddressWithPrefix, Host
from wanfailover.config.detect import DetectKeys
from wanfailover.config.failback import FailbackKeys
from wanfailover.config.fields import (
    A_LIST,
    Count,
    Duration,
    Flag,
    Interface,
    Pace,
    Port,
    Text,
    Word,
    about,
    choice,
    count,
    wrong,
)
from wanfailover.config.keys import Keys
from wanfailover.config.kinds import Probe
from wanfailover.config.mail import MailGroup
from wanfailover.config.notify import NoticesKeys, PathKeys
from wanfailover.config.page import PageGroup
from wanfailover.config.references import FileReference, SecretReference
from wanfailover.config.rounds import DrillGroup, DrillKeys, PreflightGroup, PreflightKeys
from wanfailover.config.spans import Size, span
from wanfailover.config.tunnels import TunnelKeys
from wanfailover.core.site import Circuit, Path
from wanfailover.ports import Secret
from wanfailover.specs import IF_OPER_STATUS, Device, Wake


class CredentialsKeys(Keys):
    username: Text | None = None
    password: SecretReference | None = None
    key: FileReference | None = None
    known_hosts: FileReference | None = None
    sudo_password: SecretReference | None = None
    community: SecretReference | None = None
    read_community: SecretReference | None = None


def _mapping(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, dict):
        raise wrong(f"{about(value, info)} should be a group of keys, the driver's own")
    return value


class RouterKeys(Keys):
    driver: Text
    host: Host | None = None
    transport: Text | None = None
    port: Port | None = None
    credentials: CredentialsKeys = CredentialsKeys()
    options: Annotated[dict[str, object], PlainValidator(_mapping)] = Field(default_factory=dict)


def _code_point(value: object, info: ValidationInfo) -> int:
    number = count(value, info)
    if number > 63:
        raise wrong(f"{about(number, info)} is no code point (DSCP) to mark by; they are 1 to 63")
    return number


def _oid(value: object, info: ValidationInfo) -> str:
    if not isinstance(value, str) or not _OID.fullmatch(value):
        raise wrong(f"{about(value, info)} is no OID, such as 1.3.6.1.2.1.2.2.1.8.1")
    return value.removeprefix(".")


_OID = re.compile(r"\.?[0-2](\.[0-9]{1,10}){3,}", re.ASCII)


def _readings(value: object, info: ValidationInfo) -> tuple[int | str, ...]:
    several = value if isinstance(value, list) else [value]
    if not several or not all(_is_reading(each) for each in several):
        raise wrong(f"{about(value, info)} should be what the modem says of a line that is up")
    return tuple(several)


def _is_reading(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and value != ""


class DeviceKeys(Keys):
    """A modem, and what it says of its line."""

    host: Host
    oid: Annotated[str, PlainValidator(_oid)] | None = None
    index: Count | None = None
    up: Annotated[tuple[int | str, ...], PlainValidator(_readings)] | None = None
    community: SecretReference | None = None
    port: Port | None = None
    every: Pace | None = None

    @model_validator(mode="after")
    def _one_object(self) -> Self:
        if len(self.given("oid", "index")) != 1:
            raise wrong(
                "say what tells of the modem's line: the `index` of its interface, or the `oid` "
                "of another object"
            )
        return self

    def spec(self, community: Secret | None) -> Device:
        """Make the value that a prober is built from."""
        oid = self.oid or f"{IF_OPER_STATUS}.{self.index}"
        rest = self.given("up", "port", "every")
        return Device(self.host, oid, community=community, **rest)


class VantageKeys(Keys):
    bind: Interface | None = None
    source: Address | None = None
    mark: Annotated[int, PlainValidator(_code_point)] | None = None
    device: DeviceKeys | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = self.given("bind", "source", "mark")
        if len(ways) > 1 or not (ways or self.device):
            raise wrong(
                "a vantage is one of {bind: eth1}, {source: 203.0.113.3} and {mark: 8}; `device` "
                "may stand beside it or alone"
            )
        return self

    def path(self) -> Path | None:
        """Make the core's value; None where only the modem is asked."""
        if not self.given("bind", "source", "mark"):
            return None
        return Path(source=self.source, device=self.bind, dscp=self.mark or 0)


class WakeKeys(Keys):
    icmp: Host
    within: Annotated[float, span("1s", "10m")] | None = None

    def wake(self) -> Wake:
        """Make the value that the line is raised by."""
        return Wake(self.icmp, **self.given("within"))


class CircuitKeys(Keys):
    name: Word
    address: AddressWithPrefix
    gateway: Address
    interface: Interface | None = None
    vantage: VantageKeys | None = None
    metered: Flag = False
    wake: WakeKeys | None = None

    @property
    def device(self) -> DeviceKeys | None:
        """Its modem, if that is to be asked."""
        return self.vantage.device if self.vantage else None

    def circuit(self) -> Circuit:
        """Make the core's value."""
        return Circuit(
            name=self.name,
            address=self.address,
            gateway=self.gateway,
            interface=self.interface,
            vantage=self.vantage.path() if self.vantage else None,
            metered=self.metered,
            device=self.device.spec(None).name if self.device else None,
            wake_within=self.wake.wake().within if self.wake else 0.0,
        )


class ReconcileKeys(Keys):
    every: Duration | None = None
    drift: Annotated[str, choice("report", "adopt", "restore")] | None = None


class PolicyKeys(Keys):
    dwell: Duration | None = None
    switches_per_hour: Count | None = None
    degraded: Annotated[str, choice("stay", "switch")] | None = None
    proof_within: Duration | None = None
    reconcile: ReconcileKeys = ReconcileKeys()


class KeepKeys(Keys):
    samples: Annotated[float, span("1h", "400d")] | None = None
    samples_size: Size | None = None
    history: Annotated[float, span("1d", "4000d")] | None = None


class ProfileKeys(Keys):
    site: Word
    router: RouterKeys
    circuits: Annotated[list[CircuitKeys], A_LIST]
    probes: Annotated[list[Probe], A_LIST] = Field(default_factory=list)
    need: Count | None = None
    detect: DetectKeys = DetectKeys()
    policy: PolicyKeys = PolicyKeys()
    failback: FailbackKeys = FailbackKeys()
    tunnels: Annotated[list[TunnelKeys], A_LIST] = Field(default_factory=list)
    mail: MailGroup = None
    preflight: PreflightGroup = PreflightKeys()
    drill: DrillGroup = DrillKeys()
    notify: Annotated[list[PathKeys], A_LIST] = Field(default_factory=list)
    notices: NoticesKeys = NoticesKeys()
    page: PageGroup = None
    keep: KeepKeys = KeepKeys()
