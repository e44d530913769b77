"""What live traffic leaves to replays."""

import math
import random

import pytest

from worker.sending.idle import IdleRoom
from worker.sending.quota import Quota

SECOND = Quota(100, 1.0)


def live(room: IdleRoom, moments: list[float]) -> None:
    """Have live calls go out and come back at once."""
    for at in moments:
        room.enter(at, idle=False)
        room.leave(at, idle=False, counts=True)


def even(per_second: int, seconds: int) -> list[float]:
    return [number / per_second for number in range(per_second * seconds)]


def test_nine_tenths_are_free_where_nothing_is_live() -> None:
    """Without live traffic a tenth is kept for what may come out of silence."""
    assert IdleRoom(SECOND).room(0.0, 0.0) == 90


@pytest.mark.parametrize("per_second", [20, 40, 60, 80])
def test_an_even_stream_leaves_what_it_does_not_use(per_second: int) -> None:
    """Where all windows are alike, only a tenth of the quota is kept beside what they hold."""
    room = IdleRoom(SECOND)
    live(room, even(per_second, 20))
    assert room.room(20.0, 0.0) == pytest.approx(90 - per_second, abs=1)


def test_bursts_keep_room_for_the_next_one() -> None:
    """After a burst its size and a share of its height stay free, though the window is empty again."""
    room = IdleRoom(SECOND)
    live(room, [*even(10, 11), *(11.0 + number / 1000 for number in range(60))])
    assert room.room(13.0, 0.0) < 100 - 60 - (60 - 10) // 4 + 10
    assert room.room(13.0, 0.0) > 0


def test_a_burst_is_forgotten() -> None:
    """Ten windows after a burst there is as much room as without it."""
    room = IdleRoom(SECOND)
    live(room, [number / 1000 for number in range(60)])
    before = room.room(5.0, 0.0)
    live(room, [5.0 + moment for moment in even(10, 20)])
    assert before < 40
    assert room.room(25.0, 0.0) > 75


def test_a_full_window_counts_as_wanted_whole() -> None:
    """Live traffic that meets a full window may want more than it got: for ten windows all of it counts as wanted."""
    room = IdleRoom(SECOND)
    for _ in range(30):
        room.enter(0.0, idle=True)
        room.leave(0.0, idle=True, counts=True)
    live(room, [0.1] * 70)
    assert room.room(0.5, 0.0) == 0
    assert room.room(9.0, 0.0) == 0
    assert room.room(10.2, 0.0) == 90


def test_calm_moments_give_a_hundredth_whatever_happens() -> None:
    """Beside live traffic that at times wants everything, replays get about a hundredth of the quota, when it is calm."""
    chance, room, at, given = random.Random(1), IdleRoom(SECOND), 0.0, 0
    while at < 100.0:
        at += chance.expovariate(85)
        live(room, [at])
        if room.room(at, 0.0) > 0:
            room.enter(at, idle=True)
            room.leave(at, idle=True, counts=True)
            given += at > 20.0
    assert 10 <= given <= 110


def test_an_unused_slot_gives_its_drop_back() -> None:
    """A replay that did not call after all leaves the room as it was."""
    room = IdleRoom(Quota(2, 1.0))
    live(room, [0.0, 0.1])
    assert room.room(1.5, 0.0) == 1
    room.enter(1.5, idle=True)
    assert room.room(1.5, 0.0) == 0
    room.leave(1.6, idle=True, counts=False)
    assert room.room(1.6, 0.0) == 1


def leaves(moments: list[float], at: float, *after: float) -> bool:
    """Whether one of these calls is so old at that moment that it leaves a window."""
    return any(math.isclose(at, moment + span, abs_tol=1e-6) for moment in moments for span in after)


def test_no_room_is_looked_at_again_later_only() -> None:
    """However the moments of calls are rounded, where there is no room the next look lies ahead, when a call leaves."""
    chance = random.Random(2)
    for _ in range(2000):
        room, first = IdleRoom(Quota(5, 0.3)), chance.uniform(0.0, 1000.0)
        moments = [first + number * 0.01 for number in range(5)]
        live(room, moments)
        for at in (first + 0.3, math.nextafter(first + 0.3, 0.0), first + 0.31):
            again = room.opens_at(at, 0.0)
            assert again > at or room.room(at, 0.0) > 0
            assert again > at + 0.001 or leaves(moments, again, 0.3, 0.6) or room.room(at, 0.0) > 0


@pytest.mark.parametrize("per_second", [60, 95])
def test_a_drop_that_is_due_is_not_looked_for_at_once(per_second: int) -> None:
    """Where a replay waits beside dense live traffic, the next look is a millisecond ahead or when a call leaves."""
    room, moments = IdleRoom(SECOND), even(per_second, 30)
    for at in moments:
        live(room, [at])
        if room.room(at, 0.0) > 0:
            room.enter(at, idle=True)
            room.leave(at, idle=True, counts=True)
        looked = at + 0.3 / per_second
        again = room.opens_at(looked, 0.0)
        assert again > looked + 0.001 or leaves(moments, again, 1.0, 2.0, 10.0) or room.room(looked, 0.0) > 0


def test_a_long_window_keeps_what_its_last_one_held() -> None:
    """In a window of hours live traffic gets again what it had in the last one, and no more is kept."""
    room = IdleRoom(Quota(15, 3600.0))
    live(room, [0.0, 10.0, 20.0, 30.0])
    assert room.room(40.0, 0.0) == 11
    assert room.room(4000.0, 0.0) == 11
    assert room.room(7300.0, 0.0) == 15


@pytest.mark.parametrize("quota", [SECOND, Quota(100, 3600.0)], ids=str)
def test_no_more_is_kept_than_windows_hold(quota: Quota) -> None:
    """Where nobody ever asks for room, as nobody replays, calls that have left their windows are forgotten."""
    room, apart = IdleRoom(quota), quota.seconds / quota.calls
    live(room, [number * apart for number in range(20 * quota.calls)])
    assert sum(len(log) for log, _ in room._logs()) <= 2 * quota.calls + 1
