import pytest
from tests.engine.world import World, entry

pytestmark = pytest.mark.processes


def test_every_kind_is_carried_once(toy: World) -> None:
    party = {"stream": "party", "key": "P1", "at": "2026-03-28T12:00:00+00:00", "digest": "1",
             "content": {"number": "P1", "name": "Party one"}}
    toy.give(*[entry(f"{kind[0].upper()}{n}", kind) for kind in ("keyed", "plain", "stepped") for n in range(12)], party, entry("KP", "keyed", after="P1"))
    toy.set_up()
    toy.work()
    print(toy.records())
    toy.once()
    toy.all_posted()
