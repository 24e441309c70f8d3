"""From a profile's file to its values, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wanfailover.config import rules
from wanfailover.config.devices import read_devices
from wanfailover.config.document import Document, Fault, read
from wanfailover.config.draft import sketch
from wanfailover.config.fields import AT_KEY, UNKNOWN
from wanfailover.config.notify import NoticesKeys, read_notices
from wanfailover.config.options import Installed, Plugins
from wanfailover.config.places import misplaced
from wanfailover.config.profile import Keep, Profile
from wanfailover.config.router import read_router
from wanfailover.config.schema import KeepKeys, ProfileKeys
from wanfailover.config.tree import KeyPath
from wanfailover.core.site import Policy
from wanfailover.errors import Complaint, ProfileError
from wanfailover.rounds import Rounds


def load(path: Path, *, secrets: bool = True, plugins: Plugins | None = None) -> Profile:
    """Read a profile.

    Args:
        path: The YAML file.

        secrets: Read the secrets it refers to; without them it can be checked, and no more.

        plugins: The drivers to choose from; the installed ones by default.

    Raises:
        ProfileError: With every complaint at once, in the order of the file.
    """
    document = read(path)
    keys, faults = _checked(document.data)
    draft = sketch(document.data)
    faults += rules.found(rules.MISTAKES, draft)
    circuits = tuple(draft.circuits.values())
    devices, hidden = read_devices(draft, path.parent, secrets=secrets)
    access, more = read_router(
        document.data.get("router"),
        draft,
        Installed() if plugins is None else plugins,
        path.parent,
        secrets=secrets,
    )
    paths, limits = (keys.notify, keys.notices) if keys else ([], NoticesKeys())
    notices, unread = read_notices(paths, limits, path.parent, secrets=secrets)
    complaints = _sorted(document, [*faults, *hidden, *more, *unread])
    if complaints or keys is None or access is None:
        raise ProfileError(complaints)
    return Profile(
        file=path,
        name=keys.site,
        driver=keys.router.driver,
        access=access,
        circuits=circuits,
        probes=tuple(probe.spec() for probe in keys.probes),
        policy=_policy(keys),
        devices=devices,
        wakes={each.name: each.wake.wake() for each in keys.circuits if each.wake},
        calendar=keys.failback.calendar(),
        tunnels=tuple(tunnel.spec() for tunnel in keys.tunnels),
        keep=Keep(**keys.keep.given(*KeepKeys.model_fields)),
        mail=keys.mail.mail() if keys.mail else None,
        notices=notices,
        rounds=Rounds(keys.preflight.preflight(), keys.drill.drill()),
        page=keys.page.page() if keys.page else None,
        warnings=_sorted(document, rules.found(rules.DOUBTS, draft)),
    )


def _checked(data: dict[str, object]) -> tuple[ProfileKeys | None, list[Fault]]:
    try:
        return ProfileKeys.model_validate(data), []
    except ValidationError as error:
        return None, [
            _fault(detail["loc"], detail["msg"], detail["type"])
            for detail in error.errors(include_url=False, include_input=False)
        ]


def _fault(at: KeyPath, text: str, kind: str) -> Fault:
    if kind == UNKNOWN:
        text = misplaced(at) or text
    return Fault(at, text, key=kind in {AT_KEY, UNKNOWN})


def _sorted(document: Document, faults: Iterable[Fault]) -> tuple[Complaint, ...]:
    complaints = {*document.complaints, *map(document.complaint, faults)}
    return tuple(sorted(complaints, key=lambda each: (each.line, each.column, each.text)))


def _policy(keys: ProfileKeys) -> Policy:
    """Hand on what is given; the core knows the rest."""
    given: dict[str, Any] = {
        **keys.given("need"),
        **keys.policy.given("dwell", "switches_per_hour", "degraded", "proof_within"),
    }
    renamed = {
        "reconcile_every": keys.policy.reconcile.every,
        "drift": keys.policy.reconcile.drift,
        "failback": keys.failback.method,
        "return_after": keys.failback.after,
        "trial_every": keys.failback.trial.every,
        "trial_within": keys.failback.trial.within,
    }
    given |= {name: value for name, value in renamed.items() if value is not None}
    return Policy(detect=keys.detect.detect(), **given)
