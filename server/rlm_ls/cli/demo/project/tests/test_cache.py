import pytest

from larder.clock import FakeClock
from larder.inventory.cache import StaleCache


def test_a_fresh_value_is_not_loaded_again():
    cache = StaleCache(load=lambda key: key * 2, clock=FakeClock())
    assert [cache.get(2), cache.get(2)] == [4, 4]
    assert (cache.hits, cache.misses) == (1, 1)


def test_a_stale_value_is_served_while_the_source_is_away():
    clock, answers = FakeClock(), iter([1])
    cache = StaleCache(load=lambda key: next(answers), clock=clock, ttl=10, max_stale=100)
    cache.get("a")
    clock.sleep(50)
    assert cache.get("a") == 1
    clock.sleep(60)
    with pytest.raises(StopIteration):
        cache.get("a")


def test_the_least_recently_used_goes_first():
    loads = []
    cache = StaleCache(load=lambda key: loads.append(key) or key, clock=FakeClock(), max_items=2)
    for key in (1, 2, 1, 3, 2):
        cache.get(key)
    assert loads == [1, 2, 3, 2]
