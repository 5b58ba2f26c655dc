"""Strikes a world of nodes at every named point, and at random, and holds it to the invariants."""

import random
import signal
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self

from faults.chapters import BEHIND_SECONDS
from faults.invariants import Checker
from faults.points import BY_NAME, POINTS, By, Point
from faults.report import Report
from faults.struck import Struck, armed
from faults.ways import TOO_SMALL, USED_UP, Ways
from faults.world import HIDDEN, SHOWN, SMALL, World
from sekisho.errors import SekishoError

AHEAD_SECONDS = 100
"""Less than a request may be old, more than a ledger goes back."""


class Campaign:
    """One world, its report, and the ways to reach each point."""

    def __init__(self, root: Path, *, seed: int = 0, world: World | None = None) -> None:
        self.world = world or World(root)
        self.checker = Checker(self.world)
        self.ways = Ways(self.world, self.checker)
        self.seed = seed
        self.report = Report(seeds=[seed])
        self.chance = random.Random(seed)

    def __enter__(self) -> Self:
        self.world.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.world.__exit__(*error)

    def finish(self) -> Report:
        """Compare both sides, stop both nodes, and fail if something did not hold."""
        self._recover()
        for contract in (self.world.contract, self.world.fleet.contract):
            self.checker.reconcile(contract)
        for node in self.world.nodes:
            self.checker.that("a node stops as it is told", node.stop() == 0, node.party)
        report = self.told()
        assert report.holds, report.text()
        return report

    def told(self) -> Report:
        """Report what was done and found so far."""
        self.report.checked = self.checker.checked
        self.report.violations = [(self.seed, found) for found in self.checker.violations]
        return self.report

    # ----------------------------------------------------------------------- every point, one kill

    def kill_at(self, points: Iterable[Point]) -> None:
        """Kill the node at each point, start it again, and see that all holds."""
        for point in points:
            if point.by is By.STARTING:
                self._kill_at_start(point)
            elif point.by is By.STOPPING:
                self._kill_at_stop(point)
            else:
                self._kill_under_way(point)
            self._recover()

    def _note(self, point: Point, action: str, *, was_hit: bool) -> None:
        if was_hit:
            self.report.points.add(point.name)
            self.report.struck[action] += 1
        else:
            self.report.missed.append(f"{action} at {point.name}")

    def _kill_under_way(self, point: Point) -> None:
        prepared = self.ways.prepare(point.by)
        node = self._node(point)
        node.arm(point.name, "kill")
        self.ways.go(point.by, prepared)
        self._note(point, "kill", was_hit=self._died(node))
        self.world.start()
        self.ways.see_through(point.by, prepared)

    def _kill_at_start(self, point: Point) -> None:
        ua = self.world.ua
        ua.arm("schema sent", "kill")
        self.world.ask()
        ua.wait_dead()
        ua.start(armed(point.name, "kill"))
        self._note(point, "kill", was_hit=self._died(ua))

    def _kill_at_stop(self, point: Point) -> None:
        ua = self.world.ua
        ua.arm("schema sent", "hold")
        with ThreadPoolExecutor(1) as other:
            asked = other.submit(self.world.ask)
            ua.was_hit("schema sent")
            ua.arm(point.name, "kill")
            ua.process.send_signal(signal.SIGTERM)
            ua.order(do="go")
            asked.result()
        self._note(point, "kill", was_hit=self._died(ua))

    def _died(self, node: Struck) -> bool:
        with suppress(Exception):
            return node.wait_dead() == -signal.SIGKILL
        return False

    def _recover(self) -> None:
        """Start what fell, ask until it answers, and check everything."""
        self.world.start()
        self.check()

    def check(self) -> None:
        """Ask until there is an answer, and check everything."""
        self.world.ask_until_answered()
        self.checker.look_again()
        self.checker.check()

    def _node(self, point: Point) -> Struck:
        return self.world.companies[point.node]

    # ----------------------------------------------------------------------- other faults, by point

    def strike(self, action: str, points: Iterable[str]) -> None:
        """Let another fault than a kill strike at some points, and take it away again."""
        for name in points:
            point = BY_NAME[name]
            prepared = self.ways.prepare(point.by)
            node = self._node(point)
            node.arm(point.name, action, seconds=BEHIND_SECONDS)
            with ThreadPoolExecutor(1) as other:
                doing = other.submit(self.ways.go, point.by, prepared)
                self._note(point, action, was_hit=node.was_hit(point.name))
                self._let_go(node, action, doing.result)
            self.world.start()
            self.ways.see_through(point.by, prepared)
            self._recover()

    def _let_go(self, node: Struck, action: str, done: Callable[[], object]) -> None:
        """Take a fault away, once it has had its effect."""
        match action:
            case "freeze":
                node.thaw()
            case "hold":
                self.world.relay.cut()
                node.order(do="go")
            case "terminate":
                code = node.wait_dead()
                self.checker.that("a node stops as it is told", code == 0, (node.party, code))
            case "clock":
                done()
                self._refuses_to_answer("while its clock is far behind")
                node.order(do="clock", seconds=0)
            case "full" | "broken":
                done()
                self._refuses_to_answer(f"on a disk that is {action}")
                self._bears_a_sweep(node)
                node.order(do="free")
        done()

    def _bears_a_sweep(self, node: Struck) -> None:
        """Let pass what a node does each second, which must not end with a fault."""
        node.arm("swept", "mark", skip=1)
        self.checker.that("a node goes on sweeping", node.was_hit("swept", seconds=10), node.party)

    def step_clock(self) -> None:
        """Run a clock ahead and right it: the node waits, and does not start on what is open."""
        world, ua = self.world, self.world.ua
        self._ask_at(ua, -2)
        self.checker.that("a node bears a clock that is a little behind", world.ask() == SHOWN)
        self._ask_at(ua, AHEAD_SECONDS)
        self.checker.that("a node bears a clock that is ahead", world.ask() == SHOWN)
        ua.order(do="clock", seconds=0)
        self._refuses_to_answer("while its clock is far behind")
        ua.order(do="clock", seconds=AHEAD_SECONDS)
        ua.arm("schema sent", "kill")
        world.ask()
        ua.wait_dead()
        ua.start()
        starts = ua.wait_for("ready") or ua.wait_dead() == 0
        self.checker.that("a node does not start with its clock behind", not starts)
        for node in world.nodes:
            if node.is_up:
                node.order(do="clock", seconds=AHEAD_SECONDS)
            else:
                node.start({"do": "clock", "seconds": AHEAD_SECONDS}).wait_ready()
        self.report.struck["clock"] += 4
        self._recover()

    def _ask_at(self, node: Struck, seconds: float) -> None:
        """Have a node's clock step in the middle of an answer."""
        node.arm("query decided", "clock", seconds=seconds)
        self.world.ask()
        assert node.was_hit("query decided")

    def _refuses_to_answer(self, when: str) -> None:
        """Until the fault is gone nothing leaves; what there still was room for is answered."""
        for _ in range(40):
            if self.world.ask() is None:
                return
        self.checker.fails(f"a node answers nothing {when}")

    # ------------------------------------------------------------------------------------ at random

    def at_random(self, steps: Iterable[object]) -> None:
        """Strike at random under load, until there are no more steps."""
        for _ in steps:
            self._random_step()

    def _random_step(self) -> None:
        chance, world = self.chance, self.world
        orders = [self._random_order() for _ in range(chance.choice((1, 1, 2)))]
        if chance.random() < 0.2:
            world.relay.count(kill_at=chance.randrange(2_000_000))
            self.report.struck["kill anywhere"] += 1
        for node, point, action, skip in orders:
            node.arm(point.name, action, skip=skip)
        works = [self._random_work() for _ in range(chance.randrange(3, 9))]
        is_over = threading.Event()
        with ThreadPoolExecutor(3) as load, ThreadPoolExecutor(2) as watch:
            watching = [watch.submit(self._watch, *order[:3], is_over) for order in orders]
            for item in [load.submit(work) for work in works]:
                item.result()
            # Whatever strikes until it is disarmed is still let go.
            for node in world.nodes:
                if node.is_up:
                    node.order(do="disarm")
                    node.order(do="free")
            is_over.set()
            for item in watching:
                item.result()
        world.relay.count()
        self._recover()

    def _random_order(self) -> tuple[Struck, Point, str, int]:
        point = self.chance.choice([point for point in POINTS if point.by in _RANDOM])
        action = self.chance.choice(("kill", "kill", "kill", "freeze", "hold", "full", "broken"))
        return self._node(point), point, action, self.chance.randrange(4)

    def _random_work(self) -> Callable[[], object]:
        world, chance = self.world, self.chance
        works: tuple[Callable[[], object], ...] = (
            world.ask,
            world.ask,
            lambda: world.probe(SMALL),
            lambda: world.probe("SELECT tail_number FROM flights", frames=1),
            lambda: world.probe(HIDDEN),
            lambda: world.replay(*world.probe()),
            lambda: world.ask(self._random_contract(TOO_SMALL)),
            lambda: world.ask(self._random_contract(USED_UP)),
            lambda: world.count(world.fleet.next_band()),
            lambda: world.count(world.fleet.next_band()),
            self._overdraw,
            self._bring_and_end,
            self._sign_and_end,
        )
        return chance.choice(works)

    def _random_contract(self, limits: str) -> str:
        try:
            return self.world.agree(limits)
        except SekishoError:
            return self.world.contract

    def _sign_and_end(self) -> None:
        with suppress(SekishoError):
            contract = self.world.agree(with_probe=False, signed=False)
            self.world.take_step("sign", contract)
            self.world.take_step("terminate", contract)

    def _overdraw(self) -> None:
        with suppress(SekishoError):
            self.world.overdraw(self.world.agree_statistics(cells=1))

    def _bring_and_end(self) -> None:
        with suppress(SekishoError):
            contract = self.world.agree_statistics()
            self.world.bring(contract)
            self.world.take_step("terminate", contract)

    def _watch(self, node: Struck, point: Point, action: str, is_over: threading.Event) -> None:
        """Wait until an order has struck, and take the fault away."""
        while not node.was_hit(point.name, seconds=0.1):
            if is_over.is_set():
                return
        self.report.points.add(point.name)
        self.report.struck[action] += 1
        match action:
            case "kill":
                self._died(node)
            case "freeze":
                node.thaw()
            case "hold":
                self.world.relay.cut()
                node.order(do="go")


_RANDOM = {
    By.ASKING,
    By.REFUSED,
    By.LIMITED,
    By.LEAVING,
    By.REPLAYING,
    By.DENIED,
    By.SIGNING,
    By.ENDING,
    By.COUNTING,
    By.OVERDRAWN,
    By.BRINGING,
    By.DROPPING,
}
