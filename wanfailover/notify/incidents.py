"""What is worth a message: a fold over the journal's entries. It waits for nothing and sends none.

One incident, one message, and follow-ups to it. All that happens to the circuits from the moment
the preferred one is left, or something about them calls for a person, until the router is on it
again and nothing is amiss, is one incident. A tunnel, the mail, the preflight and the journal have
incidents of their own while the circuits have none; else what they do belongs to that.

Restarted, it knows from the messages of before which incidents are open.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wanfailover import wording
from wanfailover.core import entries as log
from wanfailover.core.policy import ASKED
from wanfailover.entries import DrillBegan, DrillEnded, Entry, PreflightDone, whereabouts
from wanfailover.notify.letter import Letter, Severity, Stage

CIRCUITS = "circuits"
TROUBLE = "trouble with "

AGAIN = timedelta(minutes=59)
"""The same of one incident is told again after this: a decision that lasts is kept once an hour."""

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class Office:
    """What a fold must know of a site: its name, the circuits in their order, the metered ones."""

    name: str
    circuits: tuple[str, ...]
    metered: frozenset[str] = frozenset()

    @property
    def preferred(self) -> str:
        """The circuit on which all is well."""
        return self.circuits[0]


@dataclass(slots=True)
class _Open:
    """An incident that has not ended."""

    id: str
    first: str
    last: str
    latest: datetime
    told: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _News:
    """What is to be told, before it has its place in an incident."""

    topic: str
    key: str
    severity: Severity
    subject: str
    rule: str | None = None
    lines: tuple[str, ...] = ()
    ends: bool = False
    once: bool = True  # not again within `AGAIN`


class Incidents:
    """Entries in, messages out.

    Args:
        office: Whose.

        known: Messages of before, oldest first.

        active: The circuit that the router was last known to be on.

        since: Since when.
    """

    def __init__(
        self,
        office: Office,
        known: Iterable[Letter] = (),
        active: str | None = None,
        since: datetime | None = None,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._office = office
        self._active = active
        self._since = since
        self._new_id = new_id
        self._open: dict[str, _Open] = {}
        self._decision = ""
        self._lasting: dict[str, datetime] = {}  # conditions that nobody has been told of yet
        for letter in known:
            self._file(letter)

    def told(self, entries: Sequence[Entry], at: datetime) -> list[Letter]:
        """What is to be told of *entries*, written just now."""
        letters = []
        for entry in entries:
            self._follow(entry, at)
            for news in self._news(entry):
                letters += self._tell(news, at)
        return letters

    def conditions(self, now: Mapping[str, str], at: datetime, after: float) -> list[Letter]:
        """What is to be told of things that no entry tells of, since the entries' own disk fails.

        Args:
            now: Sentences about what is amiss, by topic.

            at: The wall time.

            after: Seconds that something must have been amiss.
        """
        letters = []
        self._lasting = {topic: self._lasting.get(topic, at) for topic in now}
        for topic, sentence in now.items():
            if (at - self._lasting[topic]).total_seconds() >= after:
                news = _News(f"{TROUBLE}{topic}", topic, WARNING, f"{topic}: {sentence}")
                letters += self._tell(news, at)
        for open_ in [each for each in self._open if each.startswith(TROUBLE)]:
            topic = open_.removeprefix(TROUBLE)
            if topic not in now:
                news = _News(open_, "over", INFO, f"{topic}: the trouble is over", ends=True)
                letters += self._tell(news, at)
        return letters

    def reminder(self, at: datetime, every: float) -> list[Letter]:
        """Remind that traffic is paid for, *every* so many seconds after the last word on it."""
        if self._active not in self._office.metered or self._active == self._office.preferred:
            return []
        incident = self._open.get(CIRCUITS)
        latest = incident.latest if incident else self._since or at
        if (at - latest).total_seconds() < every:
            return []
        since = f" since {self._since.astimezone():%Y-%m-%d %H:%M}" if self._since else ""
        subject = f"still on {self._active}, which is metered,{since or ' now'}"
        lines = (self._decision,) if self._decision else ()
        return self._tell(_News(CIRCUITS, "metered", WARNING, subject, lines=lines, once=False), at)

    def summary(self, held: Sequence[Letter], per_hour: int, at: datetime) -> Letter:
        """Sum up what was held back."""
        subject = (
            f"{len(held)} more messages were held back, as more than {per_hour} came within an hour"
        )
        lines = tuple(f"{each.when.astimezone():%H:%M:%S}  {each.subject}" for each in held)
        worst = min((each.severity for each in held), key=list(Severity).index)
        return self._letter(_News("held-back", "summary", worst, subject, lines=lines), at, None)

    def test(self, at: datetime) -> Letter:
        """A message that only tries the paths."""
        lines = ("You asked for this: wanfailover notify --test. Nothing has happened.",)
        news = _News("test", "test", INFO, "a test: notifications reach you", lines=lines)
        return self._letter(news, at, None)

    # What is known meanwhile.

    def _follow(self, entry: Entry, at: datetime) -> None:
        """Keep track of where the router is, and why."""
        for active in whereabouts(entry):
            if active != self._active:
                self._active, self._since = active, at
        if isinstance(entry, log.DecisionMade):
            self._decision = f"{entry.rule}: {entry.because}"

    # What is news.

    def _news(self, entry: Entry) -> Iterator[_News]:
        match entry:
            case log.DecisionMade():
                yield from self._decided(entry)
            case log.SwitchoverIntended() | log.SwitchoverEnded() | log.ActiveChanged():
                yield from self._moved(entry)
            case log.TunnelChanged() | log.TunnelsFailed():
                yield from self._tunnel(entry)
            case log.MailNotDrained() | log.MailDrained() | log.CanaryLost() | log.CanaryArrived():
                yield from self._mail(entry)
            case log.JournalSetAside():
                yield _News("journal", "aside", WARNING, _said(entry), ends=True)
            case PreflightDone():
                yield from self._preflight(entry)
            case DrillBegan():
                yield _News(CIRCUITS, "drill", INFO, _said(entry), once=False)
            case DrillEnded(result=result, steps=steps):
                lines = tuple(f"{what}: {how}: {words}" for what, how, words in steps)
                severity = {"passed": INFO, "failed": CRITICAL}.get(result, WARNING)
                yield _News(
                    CIRCUITS, "drilled", severity, _said(entry), "drill", lines,
                    ends=self._active == self._office.preferred, once=False,
                )  # fmt: skip
            case _:
                pass

    def _decided(self, made: log.DecisionMade) -> Iterator[_News]:
        """What calls for a person, and that nothing does any more."""
        subject = f"{made.rule}: {made.because}"
        if made.page or self._refuses(made):
            lines = tuple(f"{name} is {state}: {words}" for name, state, words in made.health)
            key = f"rule {made.rule}"
            yield _News(CIRCUITS, key, CRITICAL, subject, made.rule, lines)
        elif self._home(made.rule) and CIRCUITS in self._open:
            yield _News(CIRCUITS, "steady", INFO, subject, made.rule, ends=True)

    def _home(self, rule: str) -> bool:
        return rule == "steady" and self._active == self._office.preferred and not self._drilling

    @property
    def _drilling(self) -> bool:
        """A drill's own end is its incident's, where it ends at home."""
        told = self._open[CIRCUITS].told if CIRCUITS in self._open else ()
        return "drill" in told and "drilled" not in told

    def _refuses(self, made: log.DecisionMade) -> bool:
        """The active circuit is dead, a better one is there, and it is not moved to."""
        states = {name: state for name, state, _ in made.health}
        others = [state for name, state in states.items() if name != self._active]
        dead = states.get(self._active or "") == "down"
        return dead and "up" in others and not made.switch and made.rule != "switchover-running"

    def _moved(self, entry: Entry) -> Iterator[_News]:
        match entry:
            case log.SwitchoverIntended(rule=rule, because=because) if CIRCUITS not in self._open:
                severity = INFO if rule in ASKED else WARNING
                yield _News(
                    CIRCUITS, "left", severity, f"{rule}: {because}", rule, (_said(entry),),
                    once=False,
                )  # fmt: skip
            case log.SwitchoverEnded(rule=rule, ending=ending, target=target):
                home = ending == "proved" and target == self._office.preferred
                severity = {"proved": INFO if home else WARNING, "stuck": CRITICAL}.get(
                    ending, WARNING
                )
                yield _News(
                    CIRCUITS, f"{ending} {target}", severity, f"{rule}: {_said(entry)}", rule,
                    ends=home and not self._drilling, once=ending != "proved",
                )  # fmt: skip
            case log.ActiveChanged(was=was) if was is not None:
                yield _News(CIRCUITS, "drift", WARNING, _said(entry), once=False)
            case log.ActiveChanged(active=str(), because=because) if CIRCUITS in self._open:
                if not because.startswith("found so"):  # that is no news but to one who has begun
                    yield _News(CIRCUITS, "mended", INFO, _said(entry), once=False)
            case _:
                pass

    def _tunnel(self, entry: Entry) -> Iterator[_News]:
        match entry:
            case log.TunnelsFailed():
                yield _News(self._topic("tunnels"), "tunnels", CRITICAL, _said(entry), once=False)
            case log.TunnelChanged(tunnel=name, state="down"):
                own = f"tunnel {name}"
                yield _News(self._topic(own), f"{own} down", WARNING, _said(entry))
            case log.TunnelChanged(tunnel=name, state="up"):
                own = f"tunnel {name}"
                for topic in (own, "tunnels"):
                    if topic in self._open:
                        yield _News(topic, f"{own} up", INFO, _said(entry), ends=True)
                outage = self._open.get(CIRCUITS)
                if outage is not None and f"{own} down" in outage.told:
                    yield _News(CIRCUITS, f"{own} up", INFO, _said(entry), once=False)
            case _:
                pass

    def _mail(self, entry: Entry) -> Iterator[_News]:
        match entry:
            case log.MailNotDrained():
                yield _News(self._topic("mail"), "mail", WARNING, _said(entry))
            case log.MailDrained() if "mail" in self._open:
                yield _News("mail", "drained", INFO, _said(entry), ends=True)
            case log.CanaryLost(fate=fate):
                yield _News(self._topic("canary"), f"canary {fate}", WARNING, _said(entry))
            case log.CanaryArrived() if "canary" in self._open:
                yield _News("canary", "arrived", INFO, _said(entry), ends=True)
            case _:
                pass

    def _preflight(self, done: PreflightDone) -> Iterator[_News]:
        red = [row for row in done.rows if row[1] == "red"]
        lines = tuple(f"{subject}: {words}; {remedy}" for subject, _, words, remedy in red)
        if done.result == "red":
            key = "red " + ", ".join(sorted({subject for subject, *_ in red}))
            yield _News("preflight", key, CRITICAL, _said(done), lines=lines)
        elif "preflight" in self._open:
            yield _News("preflight", "over", INFO, _said(done), ends=True)

    def _topic(self, own: str) -> str:
        """Of the circuits' incident, while there is one."""
        return CIRCUITS if CIRCUITS in self._open and own not in self._open else own

    # Its place in an incident.

    def _tell(self, news: _News, at: datetime) -> list[Letter]:
        incident = self._open.get(news.topic)
        last = incident.told.get(news.key) if incident else None
        if news.once and last is not None and timedelta(0) <= at - last < AGAIN:
            return []
        letter = self._letter(news, at, incident)
        self._file(letter)
        return [letter]

    def _letter(self, news: _News, at: datetime, incident: _Open | None) -> Letter:
        id_ = self._new_id()
        letter = Letter(
            id=id_, incident=incident.id if incident else id_, topic=news.topic, key=news.key,
            at=at.astimezone().isoformat(timespec="seconds"), site=self._office.name,
            stage=Stage.BEGAN, severity=news.severity, subject=" ".join(news.subject.split()),
            rule=news.rule, lines=news.lines,
        )  # fmt: skip
        if incident is not None:
            follows = tuple(dict.fromkeys((incident.first, incident.last)))
            stage = Stage.ENDED if news.ends else Stage.FOLLOWED
            return replace(letter, stage=stage, follows=follows)
        alone = news.ends or news.topic in {"held-back", "test"}
        return replace(letter, stage=Stage.ALONE) if alone else letter

    def _file(self, letter: Letter) -> None:
        """Know what was told, and whether that ends it."""
        if letter.stage in {Stage.ENDED, Stage.ALONE}:
            self._open.pop(letter.topic, None)
            return
        incident = self._open.setdefault(
            letter.topic, _Open(letter.incident, letter.id, letter.id, letter.when)
        )
        incident.last, incident.latest = letter.id, letter.when
        incident.told[letter.key] = letter.when
        if letter.key.endswith(" up"):  # should it go down again, that is news
            incident.told.pop(f"{letter.key.removesuffix('up')}down", None)


def _said(entry: Entry) -> str:
    """The sentence that `history` has for it."""
    return wording.tell(entry) or type(entry).__name__
