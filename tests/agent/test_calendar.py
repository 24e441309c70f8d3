"""The calendar keeps to the clock on the wall, through the nights on which that is set."""

from __future__ import annotations

import time as clock
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanfailover.calendar import ASK_AGAIN, Calendar, Window, told
from wanfailover.core.facts import WindowTold

MINUTE = timedelta(minutes=1)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MONDAY, SATURDAY, SUNDAY = 0, 5, 6

# Among them half an hour of daylight saving, and a Friday that there never was.
ZONES = [BERLIN, NEW_YORK, *map(ZoneInfo, ("Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"))]
TURNS = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Berlin, forth
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # and back
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia goes over the date line
]

times = st.builds(time, st.integers(0, 23), st.integers(0, 59)) | st.sampled_from(
    [time(0), time(1), time(2), time(2, 30), time(3), time(1, 30)]
)
windows = (
    st.builds(
        Window, st.frozensets(st.integers(0, 6), min_size=1) | st.just(Window().days), times, times
    ).filter(lambda w: w.begins != w.ends)
) | st.builds(Window, st.frozensets(st.integers(0, 6), min_size=1))
calendars = st.builds(
    Calendar, st.lists(windows, min_size=1, max_size=3).map(tuple), st.sampled_from(ZONES)
)
moments = st.builds(
    lambda turn, minutes: turn + minutes * MINUTE,
    st.sampled_from(TURNS),
    st.integers(-4 * 1440, 2 * 1440),
)


def at(text: str, zone: ZoneInfo, fold: int = 0) -> datetime:
    """A time by the wall clock; *fold* 1 is the second of two that look the same."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def shown(text: str, zone: ZoneInfo, fold: int = 0) -> datetime:
    return at(text, zone, fold).astimezone(UTC)


def scan(calendar: Calendar, begin: datetime, minutes: int) -> list[bool]:
    """What the calendar should say in each of so many minutes, by walking through them."""
    early = begin - 3 * 1440 * MINUTE
    walls = [
        (early + n * MINUTE).astimezone(calendar.zone).replace(tzinfo=None)
        for n in range(3 * 1440 + minutes + 2 * 1440)
    ]
    latest, first = walls[0] - MINUTE, {}  # the minute in which the clock had first reached a time
    for n, wall in enumerate(walls):
        for passed in range(int((wall - latest) / MINUTE)):
            first[wall - passed * MINUTE] = n
        latest = max(latest, wall)
    is_open = [False] * len(walls)
    day = walls[0].date()
    while day <= walls[-1].date():
        for window in calendar.windows:
            if day.weekday() in window.days:
                opens = datetime.combine(day, window.begins)
                until = day + timedelta(days=window.begins >= window.ends)
                closes = datetime.combine(until, window.ends)
                for n in range(
                    first.get(opens, 0 if opens < walls[0] else len(walls)),
                    first.get(closes, 0 if closes < walls[0] else len(walls)),
                ):
                    is_open[n] = True
        day += timedelta(days=1)
    return is_open[3 * 1440 :][:minutes]


@given(calendars, moments)
def test_as_by_the_minute(calendar: Calendar, now: datetime) -> None:
    """The next change is the first minute that differs, of all that are walked through."""
    minutes = scan(calendar, now, 8 * 1440)
    is_open, change = calendar.at(now)
    assert is_open is minutes[0]
    differs = next((n for n, other in enumerate(minutes) if other is not is_open), None)
    if differs is not None:
        assert change == now + differs * MINUTE
    else:
        assert change is None or change >= now + len(minutes) * MINUTE


@given(calendars, moments, st.floats(0, 59.9))
def test_change_is_one(calendar: Calendar, now: datetime, seconds: float) -> None:
    """At the change it differs, a second earlier it does not, and it lies ahead."""
    now += timedelta(seconds=seconds)
    is_open, change = calendar.at(now)
    if change is not None:
        assert change > now
        assert calendar.at(change)[0] is not is_open
        assert calendar.at(max(now, change - timedelta(seconds=1)))[0] is is_open


def test_no_window() -> None:
    """Without a window it is always open."""
    assert Calendar().at(datetime.now(UTC)) == (True, None)


def test_all_week() -> None:
    """Windows that leave no gap never change, also where their ends touch."""
    night, day = Window(begins=time(22), ends=time(6)), Window(begins=time(6), ends=time(22))
    for whole in (Window(),), (night, day):
        assert Calendar(whole, BERLIN).at(at("2026-03-28 23:00", BERLIN)) == (True, None)


@pytest.mark.parametrize(
    ("zone", "day", "noon_before", "opens", "closes"),
    [
        # Begins in the hour that is missing: when that would have begun.
        (BERLIN, time(2, 30), "2026-03-28 12:00", "2026-03-29 03:00", "2026-03-29 05:00"),
        (NEW_YORK, time(2, 30), "2026-03-07 12:00", "2026-03-08 03:00", "2026-03-08 05:00"),
        # Begins in the hour that comes twice: at the first, and through both.
        (BERLIN, time(2, 30), "2026-10-24 12:00", "2026-10-25 02:30", "2026-10-25 05:00"),
        (NEW_YORK, time(1, 30), "2026-10-31 12:00", "2026-11-01 01:30", "2026-11-01 05:00"),
    ],
)
def test_begins_in_the_turn(zone, day, noon_before, opens, closes) -> None:
    """A window that begins in the hour of the turn opens once and closes on time."""
    calendar = Calendar((Window(begins=day, ends=time(5)),), zone)
    assert calendar.at(at(noon_before, zone)) == (False, shown(opens, zone))
    assert calendar.at(at(opens, zone)) == (True, shown(closes, zone))


def test_open_through_both_hours() -> None:
    """Half past two comes twice in Berlin in October, and between the two it stays open."""
    calendar = Calendar((Window(begins=time(2, 30), ends=time(5)),), BERLIN)
    between = at("2026-10-25 02:10", BERLIN, fold=1)
    assert calendar.at(between) == (True, shown("2026-10-25 05:00", BERLIN))


@pytest.mark.parametrize(
    ("zone", "ends", "night"), [(BERLIN, "02:30", "2026-10-25"), (NEW_YORK, "01:30", "2026-11-01")]
)
def test_ends_at_the_first(zone, ends, night) -> None:
    """A window that ends in the doubled hour ends at its first, and does not open again."""
    calendar = Calendar((Window(begins=time(0), ends=time.fromisoformat(ends)),), zone)
    first, second = (at(f"{night} {ends}", zone, fold) for fold in (0, 1))
    assert calendar.at(at(f"{night} 00:30", zone)) == (True, first.astimezone(UTC))
    assert not calendar.at(first)[0]
    assert not calendar.at(second.astimezone(UTC) - 20 * MINUTE)[0]


@pytest.mark.parametrize(
    ("zone", "night", "next_night"),
    [(BERLIN, "2026-03-29", "2026-03-30"), (NEW_YORK, "2026-03-08", "2026-03-09")],
)
def test_lies_in_the_missing_hour(zone, night, next_night) -> None:
    """A window that lies whole in the missing hour does not open that night."""
    calendar = Calendar((Window(begins=time(2, 15), ends=time(2, 45)),), zone)
    assert calendar.at(at(f"{night} 01:00", zone)) == (False, shown(f"{next_night} 02:15", zone))


def test_missed_by_a_week() -> None:
    """One that is weekly, too, waits for the next week."""
    window = Window(frozenset({SUNDAY}), time(2, 15), time(2, 45))
    is_open, change = Calendar((window,), BERLIN).at(at("2026-03-22 02:45", BERLIN))
    assert (is_open, change) == (False, shown("2026-04-05 02:15", BERLIN))


@pytest.mark.parametrize(
    ("now", "is_open", "change"),
    [
        ("2026-07-03 21:59", False, "2026-07-03 22:00"),  # a Friday
        ("2026-07-03 22:00", True, "2026-07-04 06:00"),
        ("2026-07-04 05:59", True, "2026-07-04 06:00"),  # Friday's, on Saturday
        ("2026-07-04 06:00", False, "2026-07-06 22:00"),
        ("2026-07-06 03:00", False, "2026-07-06 22:00"),  # no Sunday's on Monday
    ],
)
def test_over_midnight(now, is_open, change) -> None:
    """A window belongs to the day on which it begins."""
    calendar = Calendar((Window(frozenset(range(5)), time(22), time(6)),), BERLIN)
    assert calendar.at(at(now, BERLIN)) == (is_open, shown(change, BERLIN))


def test_seconds() -> None:
    """Seconds count: it opens at the minute and not after it."""
    calendar = Calendar((Window(begins=time(22), ends=time(6)),), BERLIN)
    assert calendar.at(at("2026-07-03 21:59:59.9", BERLIN))[0] is False
    assert calendar.at(at("2026-07-03 22:00:00.1", BERLIN))[0] is True


def test_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a zone it goes by the machine's own, on the nights of the turn as well."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    clock.tzset()
    try:
        windows = (Window(begins=time(2, 30), ends=time(5)),)
        own, named = Calendar(windows), Calendar(windows, BERLIN)
        for turn in TURNS[:2]:
            for hours in range(-6, 6):
                now = turn + timedelta(hours=hours)
                assert own.at(now) == named.at(now)
    finally:
        monkeypatch.undo()
        clock.tzset()


class TestTold:
    nights = Calendar((Window(begins=time(22), ends=time(6)),), BERLIN)

    def test_until(self) -> None:
        """The core is told by the monotonic clock, and asks again within a minute."""
        fact, again = told(self.nights, 1000.0, at("2026-07-03 20:00", BERLIN))
        assert fact == WindowTold(is_open=False, until=1000.0 + 7200.0)
        assert again == ASK_AGAIN == 60.0

    def test_soon(self) -> None:
        """Shortly before it changes it is asked again when it has."""
        fact, again = told(self.nights, 1000.0, at("2026-07-03 21:59:50", BERLIN))
        assert (fact.until, again) == (1010.0, 10.0)

    def test_never(self) -> None:
        """What never changes has no end, and is asked for all the same."""
        assert told(Calendar(), 5.0, datetime.now(UTC)) == (WindowTold(is_open=True), ASK_AGAIN)

    @given(calendars, moments, st.floats(-1e5, 1e5))
    def test_clock_is_set(self, calendar: Calendar, wall: datetime, jump: float) -> None:
        """However the wall clock is set, a minute later the core knows what it should."""
        told(calendar, 0.0, wall)
        later = wall + timedelta(seconds=ASK_AGAIN + jump)
        fact, again = told(calendar, ASK_AGAIN, later)
        assert fact.is_open is calendar.at(later)[0]
        assert fact.until is None or fact.until > ASK_AGAIN
        assert 0 < again <= ASK_AGAIN


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (Window(), "00:00-24:00"),
        (Window(begins=time(22), ends=time(6)), "22:00-06:00"),
        (Window(frozenset({SATURDAY, SUNDAY})), "Sat,Sun"),
        (Window(frozenset(range(5)), time(22), time(6)), "Mon-Fri 22:00-06:00"),
        (Window(frozenset({MONDAY, 1, 2, SUNDAY}), time(22)), "Mon-Wed,Sun 22:00-24:00"),
    ],
)
def test_words(window: Window, text: str) -> None:
    """A window is told as it is written in a profile."""
    assert str(window) == text


def test_words_of_all() -> None:
    """So is the calendar, with the clock it goes by."""
    both = Calendar((Window(begins=time(1)), Window(frozenset({SUNDAY}))), BERLIN)
    assert str(both) == "01:00-24:00, Sun (Europe/Berlin)"
    assert str(Calendar()) == "always"
