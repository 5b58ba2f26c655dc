"""How each kind of point is reached, and what must come of it once nothing strikes any more."""

from faults.invariants import Checker
from faults.points import By
from faults.world import HIDDEN, SHOWN, World

TIGHT = "{rows: {max: 200000, per: term}}"
"""So that an answer of all rows needs more than its first chunk."""
TOO_SMALL = "{rows: {max: 1000, per: term}}"
USED_UP = "{queries: {max: 1, per: term}}"
_SIGNING = (By.SIGNING, By.DELIVERING, By.AWAY)
_STATISTICS = (By.BRINGING, By.DROPPING)


class Ways:
    """Prepares, does, and sees through what a kind of point lies in the way of."""

    def __init__(self, world: World, checker: Checker) -> None:
        self.world = world
        self.checker = checker
        self._band = 0
        """That was asked about last."""

    def prepare(self, by: By) -> str:
        """Bring about what has to be there first; gives the contract to use."""
        world = self.world
        if by in _SIGNING or by is By.ENDING:
            return world.agree(with_probe=False, signed=by is By.ENDING)
        if by in _STATISTICS or by is By.OVERDRAWN:
            contract = world.agree_statistics(**({"cells": 1} if by is By.OVERDRAWN else {}))
            assert by is not By.DROPPING or world.bring(contract)
            return contract
        limits = {By.LIMITED: TOO_SMALL, By.RESERVING: TIGHT, By.DENIED: USED_UP}
        if by not in limits:
            return world.contract
        contract = world.agree(limits[by])
        assert by is not By.DENIED or world.ask(contract) == SHOWN
        return contract

    def go(self, by: By, contract: str) -> None:
        """Do what reaches the points of a kind; what it gives does not matter."""
        world = self.world
        if by is By.AWAY:
            world.maker.kill()
        ways = {
            By.REFUSED: lambda: world.probe(HIDDEN),
            By.LEAVING: self._leave,
            By.REPLAYING: lambda: world.replay(*world.probe()),
            By.ENDING: lambda: world.take_step("terminate", contract),
            By.DROPPING: lambda: world.take_step("terminate", contract),
            By.COUNTING: self._count,
            By.OVERDRAWN: lambda: world.overdraw(contract),
            By.BRINGING: lambda: world.bring(contract),
        }
        ways |= dict.fromkeys(_SIGNING, lambda: world.take_step("sign", contract))
        ways.get(by, lambda: world.ask(contract))()

    def _count(self) -> None:
        self._band = self.world.fleet.next_band()
        self.world.count(self._band)

    def _leave(self) -> None:
        """Go away after the first frame, while the provider has the second at hand."""
        node = self.world.front
        node.arm("schema sent", "hold")
        self.world.probe(
            "SELECT tail_number FROM flights", frames=1, during=lambda: node.was_hit("schema sent")
        )
        node.order(do="go")

    def see_through(self, by: By, contract: str) -> None:
        """What a fall broke off is done, or can be done again, with one outcome at both nodes."""
        world, that = self.world, self.checker.that
        if by in _SIGNING:
            world.take_step("sign", contract)
            self._reaches_both("a signature reaches both nodes", contract, "in-force")
        elif by in {By.ENDING, By.DROPPING}:
            world.take_step("terminate", contract)
            self._reaches_both("a termination reaches both nodes", contract, "terminated")
            ask = world.bring if by is By.DROPPING else world.ask
            that("an ended contract answers nothing", ask(contract) is None)
        elif by is By.COUNTING:
            that("a question can be asked again", bool(world.count_at_last(self._band)), self._band)
        elif by is By.OVERDRAWN:
            that("no more cells than agreed", not world.overdraw(contract), contract)
        elif by is By.BRINGING:
            that("a table can be brought again", bool(world.bring_again(contract)), contract)

    def _reaches_both(self, name: str, contract: str, state: str) -> None:
        for node in self.world.nodes:
            is_there = self.world.wait_state(node, contract, state)
            self.checker.that(name, is_there, node.party)
