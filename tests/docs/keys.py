"""The reference of a profile's keys: what each may hold and what it is when left out.

Both come from the schema and from the values that the program begins with. A key's last column,
what it is for, stays as it stands in the page, and so does a default that is no single value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import getclosurevars
from pathlib import Path
from typing import Any, get_args

from pydantic import BeforeValidator, PlainValidator, WrapValidator

from wanfailover.addressees import Notices
from wanfailover.config.keys import Keys
from wanfailover.config.kinds import KINDS, ProbeKeys
from wanfailover.config.notify import SmtpPathKeys
from wanfailover.config.profile import Keep
from wanfailover.config.references import FileKeys
from wanfailover.config.schema import CircuitKeys, ProfileKeys
from wanfailover.core.site import Detect, Policy, Tunnel
from wanfailover.rounds import Drill, Preflight
from wanfailover.specs import Canary, Device, Dns, Mail, Smtp, Wake

PAGE = Path(__file__).parents[2] / "profiles" / "README.md"
ROW = re.compile(
    r"^\| `(?P<key>[a-z_.]+)` \|(?P<default>[^|]*)\|[^|]*\|(?P<what>[^|]*)\|$", re.MULTILINE
)

Reader = PlainValidator | BeforeValidator | WrapValidator

HOLDS = {
    "text": "text",
    "_word": "a plain word",
    "_interface": "an interface's name",
    "count": "a whole number from 1",
    "_port": "a port",
    "_flag": "`true` or `false`",
    "duration": "a duration",
    "_pace": "a duration from 100ms",
    "_share": "a share in percent",
    "_rate": "a number, 0.01 to 365",
    "_size": "a size, from 1MB",
    "_address": "an IPv4 address",
    "_address_with_prefix": "an IPv4 address and its length",
    "_host": "a name or IPv4 address",
    "dns_name": "a name",
    "_https_url": "a URL",
    "_code_point": "1 to 63",
    "_oid": "an OID",
    "_readings": "a value, or a list of them",
    "_mapping": "a group of keys",
    "_names": "a name, or a list of them",
    "_domains": "a list of domains",
    "_mailbox": "a mail address",
    "_mailboxes": "a mail address, or a list of them",
    "_url": "a URL, or a reference to one",
    "_words": "a list of words",
    "_several": "a window, or a list of them",
    "_zone": "`local`, or a time zone's name",
    "_moment": "a time",
    "_every": "`never`, or a duration, 1h to 30d",
    "_check": "a probe",
    "_no_secret": "a reference",
    "no_bare_name": "a reference",
}
"""By the name of the validator of `wanfailover.config` that reads it."""


def keys() -> Iterator[str]:
    """The table, a key a line, in the page's order; new keys come last, without a word on them."""
    known = {row["key"]: row for row in ROW.finditer(PAGE.read_text())}
    there = dict(built(ProfileKeys))
    yield "| key | default | it holds | what it is |"
    yield "|---|---|---|---|"
    for key in [key for key in known if key in there] + [key for key in there if key not in known]:
        row = known.get(key)
        default, what = (row["default"].strip(), row["what"].strip()) if row else ("", "")
        required, held = there[key]
        if key in DEFAULTS:
            default = f"`{shown(DEFAULTS[key], key)}`"
        elif required or default == "required":
            default = "required" * required
        yield f"| `{key}` | {default} | {held} | {what} |".replace("|  |", "| |")


def built(
    model: type[Keys], above: str = "", *, needed: bool = True
) -> Iterator[tuple[str, tuple[bool, str]]]:
    """Every key that does something, as the page writes it: is it required, and what does it hold?

    One that only a group needs that may be left out is not required.
    """
    for key in model.built():
        field = model.known()[key]
        inner = group(field.annotation)
        if inner is ProbeKeys and key == "probes":  # the page tells the kinds there, and once
            for kind in KINDS.values():
                yield from built(kind, f"{above}{key}.", needed=False)
        elif inner is None or issubclass(inner, FileKeys | ProbeKeys):
            held = holds((field.annotation, *field.metadata))
            yield above + key, (needed and field.is_required(), held)
        else:
            there = needed and field.default is not None
            yield from built(inner, f"{above}{key}.", needed=there)


def group(annotation: object) -> type[Keys] | None:
    """The group of keys that a field holds, or a list of."""
    if isinstance(annotation, type) and issubclass(annotation, Keys):
        return annotation
    return next(filter(None, map(group, get_args(annotation))), None)


def holds(annotation: object) -> str:
    """What a field may hold, in words.

    Raises:
        LookupError: There are none for its validator: put them into `HOLDS`.
    """
    for part in parts(annotation):
        match part:
            case PlainValidator(func) | BeforeValidator(func) | WrapValidator(func):
                return _read_by(func)
    raise LookupError(f"no words for {annotation}")


def parts(annotation: object) -> Iterator[object]:
    """A type, and all that it is made of, from the outside in."""
    inner = annotation if isinstance(annotation, tuple) else get_args(annotation)
    yield annotation
    readers = [part for part in inner if isinstance(part, Reader)]
    yield from readers
    for part in inner:
        if part not in readers:
            yield from parts(part) if get_args(part) else (part,)


def _read_by(function: Any) -> str:
    name = function.__qualname__.partition(".")[0]
    outside = getclosurevars(function).nonlocals
    match name:
        case "choice":
            *words, last = [f"`{word}`" for word in outside["words"]]
            return f"{', '.join(words)} or {last}"
        case "span":
            return f"a duration, {outside['least']} to {outside['most']}"
        case "counted":
            return f"a whole number, {outside['least']} to {outside['most']}"
        case "host_port" | "listening":
            return '`"host:port"`'
        case _:
            return HOLDS[name]


def shown(value: object, key: str) -> str:
    """A default as a profile has it."""
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(map(str, value))
        case float() if key.endswith("_share"):
            return f"{value:.0%}".replace("%", " %")
        case float() if key != "detect.false_failovers_per_year":
            return _duration(value)
        case int() if key == "keep.samples_size":
            return f"{value // 1000**2}MB"
        case _:
            return str(value)


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    units = (("d", 86400, 2), ("h", 3600, 1), ("m", 60, 1))
    fit = (f"{seconds / size:g}{unit}" for unit, size, least in units
           if not seconds % size and seconds >= least * size)  # fmt: skip
    return next(fit, f"{seconds:g}s")


DETECT, POLICY, KEEP, NOTICES = Detect(), Policy(), Keep(), Notices()
DEVICE, WAKE = Device("", ""), Wake("")
CANARY = Canary("", "", "", 1)

DEFAULTS: dict[str, object] = {
    "circuits.vantage.device.up": DEVICE.up,
    "circuits.vantage.device.port": DEVICE.port,
    "circuits.vantage.device.every": DEVICE.every,
    "circuits.metered": CircuitKeys.model_fields["metered"].default,
    "circuits.wake.within": WAKE.within,
    "probes.starttls": Smtp("").starttls,
    "probes.dns.type": Dns("", "").type,
    "need": POLICY.need,
    "detect.false_failovers_per_year": DETECT.false_per_year,
    "detect.learn": DETECT.learn,
    "detect.first_silence": DETECT.first_silence,
    "detect.first_bad_seconds": DETECT.first_bad_seconds,
    "detect.patience.least": DETECT.least,
    "detect.patience.most": DETECT.most,
    "detect.enough_probes": DETECT.enough,
    "detect.bad_share": DETECT.bad_share,
    "detect.spared_share": DETECT.spared_share,
    "detect.muted_after": DETECT.muted_after,
    "detect.timeout.least": DETECT.timeout_least,
    "detect.timeout.most": DETECT.timeout_most,
    "detect.fast.every": DETECT.fast,
    "detect.fast.for": DETECT.fast_for,
    "detect.stall": DETECT.stall,
    "policy.dwell": POLICY.dwell,
    "policy.switches_per_hour": POLICY.switches_per_hour,
    "policy.degraded": POLICY.degraded,
    "policy.proof_within": POLICY.proof_within,
    "policy.reconcile.every": POLICY.reconcile_every,
    "policy.reconcile.drift": POLICY.drift,
    "failback.method": POLICY.failback,
    "failback.after": POLICY.return_after,
    "failback.trial.every": POLICY.trial_every,
    "failback.trial.within": POLICY.trial_within,
    "tunnels.within": Tunnel("", "").within,
    "mail.etrn": Mail("", ()).etrn,
    "mail.canary.every": CANARY.every,
    "mail.canary.within": CANARY.within,
    "preflight.every": Preflight().every,
    "drill.stay": Drill().stay,
    "notify.smtp.starttls": SmtpPathKeys.model_fields["starttls"].default,
    "notices.per_hour": NOTICES.per_hour,
    "notices.remind": NOTICES.remind,
    "notices.keep": NOTICES.keep,
    "keep.samples": KEEP.samples,
    "keep.samples_size": KEEP.samples_size,
    "keep.history": KEEP.history,
}
"""What is so where the profile does not say: the values that the program's own types begin with."""
