"""Nodes that are struck at named points of a query, a contract and a life: what must hold.

`make faults` strikes at every point and at random, for as long as asked and from any seed.
"""

import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from faults.campaign import Campaign
from faults.chapters import CHAPTERS, FORMER, TROUBLE, points
from faults.fleet import BANDS
from faults.lives import kill_while_migrating, kill_while_restoring
from faults.points import POINTS, By
from faults.world import SHOWN, World
from sekisho.store.state import read_state

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

README = Path(__file__).with_name("README.md").read_text()
STRIDE = 7
"""So far the next point to fall at is; `make faults` takes them all."""
OTHER_STRIDE = 4
"""The same of other faults."""
STEPS = 4
"""Strikes at random, of a seed that stays the same."""


def test_every_point_has_a_chapter():
    struck = [point for chapter in CHAPTERS.values() for point in chapter]
    struck += points(By.MIGRATING, By.RESTORING, By.REPLICATED)
    assert sorted(point.name for point in struck) == sorted(point.name for point in POINTS)


def test_a_node_killed_at_points_of_each_kind_keeps_its_promises(tmp_path):
    chosen = [point for chapter in CHAPTERS.values() for point in chapter[::STRIDE]]
    with Campaign(tmp_path) as campaign:
        campaign.kill_at(chosen)
        report = campaign.finish()
    assert report.points == {point.name for point in chosen}
    # An auditor reads there what a name in the report means.
    explained = re.findall(r"(?m)^\| (a|an|no|the|what|nothing|charges|evidence) (.+?) \|", README)
    assert report.checked.keys() <= {" ".join(words) for words in explained}


def test_a_node_in_trouble_at_a_point_keeps_its_promises(tmp_path):
    chosen = {action: names[::OTHER_STRIDE] for action, names in TROUBLE.items()}
    with Campaign(tmp_path) as campaign:
        for action, names in chosen.items():
            campaign.strike(action, names)
        campaign.step_clock()
        report = campaign.finish()
    assert report.points == {name for names in chosen.values() for name in names}


def test_nodes_struck_at_random_keep_their_promises(tmp_path):
    with Campaign(tmp_path, seed=1) as campaign:
        campaign.at_random(range(STEPS))
        assert campaign.finish().struck


def test_a_node_killed_while_it_migrates_starts_again(tmp_path):
    kill_while_migrating(tmp_path, FORMER, points(By.MIGRATING))


def test_a_restoration_killed_at_any_point_can_be_done_again(tmp_path):
    kill_while_restoring(tmp_path, points(By.RESTORING))


def test_backups_under_load_hold_and_a_restored_node_goes_on(tmp_path):
    backups = [tmp_path / f"{number}.backup" for number in range(4)]
    with Campaign(tmp_path / "world") as campaign:
        world, ua = campaign.world, campaign.world.ua
        is_over = threading.Event()
        with ThreadPoolExecutor(2) as load:
            asking = [load.submit(_ask_until, world, is_over) for _ in range(2)]
            for path in backups:
                assert ua.run("state", "backup", str(path)).code == 0
            is_over.set()
            assert all(item.result() for item in asking)
        campaign.checker.check()
        for path in backups:
            with read_state(path) as records:
                stored = records.ledger.stored_entries()
                assert [item.leaf for item in stored] == world.leaves[ua.party][
                    : records.ledger.head().size
                ]
        assert ua.stop() == 0
        assert ua.run("state", "restore", str(backups[-1]), "--replace").code == 0
        # What came after the backup is forgotten, which a restored ledger cannot hide from others.
        world.leaves.clear()
        ua.journal.unlink()
        ran = ua.run("ledger", "recover", "--yes")
        assert ran.code == 0, ran.err
        world.start()
        # Where the maker held more of the ledger, what the old contract left counts as spent.
        world.contract = world.agree()
        world.ask_until_answered()
        assert ua.run("ledger", "verify").code == 0


def _ask_until(world: World, is_over: threading.Event) -> bool:
    while not is_over.is_set():
        if world.ask() != SHOWN:
            return False
    return True


def test_the_checks_find_what_they_are_for(tmp_path):
    with Campaign(tmp_path) as campaign:
        world, checker = campaign.world, campaign.checker
        assert world.ask() == SHOWN
        world.probe()
        assert world.count(world.fleet.next_band())
        assert world.bring(world.fleet.contract)
        checker.look_again()
        checker.check()
        assert not checker.violations
        world.fleet.shown[BANDS.start] = [{"n": 15}]
        checker.look_again()
        assert world.ua.stop() == 0
        _plant(campaign)
        checker.check()
        found = {text.partition(":")[0] for text in checker.violations}
    assert found == {
        "a byte that left has its entry",
        "a byte that the probe got has its entry",
        "a cell is charged once",
        "a figure that was shown is remembered",
        "a figure that was shown stays",
        "a table stays as it came",
        "charges follow from the entries",
        "no data leaves twice for one request",
        "no entry is lost or altered",
        "no limit is exceeded",
        "no more cells than agreed",
        "the entry is on disk before the first byte",
        "the day's cells are counted",
        "the ledger verifies",
        "what was said to be ended has ended",
        "what was signed to others is kept",
    }


def _plant(campaign: Campaign) -> None:
    """Do by hand what no fault may bring about."""
    world = campaign.world
    with closing(sqlite3.connect(world.ua.folder.state_file())) as db, db:
        db.execute("UPDATE charges SET used = 20000000000 WHERE name = 'rows'")
        db.execute("UPDATE charges SET used = 20000000000 WHERE name = 'cells'")
        db.execute(f"DELETE FROM published WHERE keys LIKE '%b-{BANDS.start}%'")
        db.execute("UPDATE lookups SET content = x'00'")
        db.execute("UPDATE entries SET leaf = zeroblob(32) WHERE idx = 1")
    with world.ua.journal.open("a") as out:
        out.write('{"request": "sha256:none", "run": "1", "bytes": 5}\n')
        out.write('{"request": "sha256:none", "run": "2", "bytes": 5}\n')
    world.arrived[-1].was_early = True
    world.arrived[-1].bytes += 10**12
    world.ended.add(world.contract)
