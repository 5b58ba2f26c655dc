"""A provider whose state is in PostgreSQL, answered by two replicas: either falls, and the server.

What holds of one node must hold of both together: one ledger, one budget, one memory. While one of
them is down or stands still the other goes on, and ends what the first has left open.
"""

import signal
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from faults.campaign import Campaign
from faults.points import BY_NAME, Point
from faults.struck import Struck
from faults.world import World
from support.postgres import Server
from support.relay import Relay
from support.replicas import move, replicate

REPLICAS = ("ua", "ua2")


class Balancer(Relay):
    """Carries new connections to the replica that comes first, or else to another that is up."""

    def __init__(self, *replicas: Struck) -> None:
        self.replicas = replicas
        self.first = replicas[0]
        self.frozen: Struck | None = None
        """A replica that stands still, which a balancer's checks of health would find."""
        super().__init__(replicas[0])

    def reach(self) -> socket.socket:
        for replica in sorted(self.replicas, key=lambda item: item is not self.first):
            if replica is self.frozen:
                continue
            host, port = replica.config.listen.peers.split(":")
            with suppress(OSError):
                return socket.create_connection((host, int(port)))
        raise ConnectionRefusedError


class ReplicatedWorld(World):
    """The companies, where two processes are the provider's node."""

    relay: Balancer

    def __init__(self, root: Path, server: Server) -> None:
        super().__init__(root)
        self.server = server

    @property
    def providers(self) -> tuple[Struck, ...]:
        return tuple(self.companies[name] for name in REPLICAS)

    def connect(self) -> Relay:
        move(self.ua, self.server)
        copied = replicate(self.companies, *REPLICAS)
        self.companies.by_name[REPLICAS[1]] = Struck(copied.folder)
        return Balancer(*self.providers)

    def face(self, replica: Struck) -> None:
        """Let whatever is done from now on be done at one replica."""
        self.front = self.relay.first = replica
        self.relay.cut()
        self.ask_until_answered()


class ReplicatedCampaign(Campaign):
    """Strikes at replicas and at their server."""

    world: ReplicatedWorld

    def __init__(self, root: Path, server: Server, *, seed: int = 0) -> None:
        super().__init__(root, seed=seed, world=ReplicatedWorld(root, server))

    def kill_replicas(self, points: Iterable[Point]) -> None:
        """Kill a replica at each point, each of the two in turn, while the other goes on."""
        for number, point in enumerate(points):
            node = self._face(number)
            prepared = self.ways.prepare(point.by)
            node.arm(point.name, "kill")
            self.ways.go(point.by, prepared)
            self._note(point, "replica killed", was_hit=self._died(node))
            if not self.world.maker.is_up:
                self.world.maker.start().wait_ready()
            self.check()
            self.world.start()
            self.ways.see_through(point.by, prepared)

    def freeze_replicas(self, names: Iterable[str]) -> None:
        """Let a replica stand still at each point, while the other goes on."""
        for number, name in enumerate(names):
            node, point = self._face(number), BY_NAME[name]
            prepared = self.ways.prepare(point.by)
            node.arm(point.name, "freeze")
            with ThreadPoolExecutor(1) as other:
                doing = other.submit(self.ways.go, point.by, prepared)
                self._note(point, "replica frozen", was_hit=node.was_hit(point.name))
                node.process.wait_stopped()
                self.world.relay.frozen = node
                self.world.relay.cut()
                self.world.ask_until_answered()
                self.world.relay.frozen = None
                node.thaw()
                doing.result()
            self.ways.see_through(point.by, prepared)
            self._recover()

    def fell_server(self, names: Iterable[str]) -> None:
        """Kill PostgreSQL where a replica has come to each point, and bring it back."""
        for number, name in enumerate(names):
            node, point = self._face(number), BY_NAME[name]
            prepared = self.ways.prepare(point.by)
            node.arm(point.name, "hold")
            with ThreadPoolExecutor(1) as other:
                doing = other.submit(self.ways.go, point.by, prepared)
                self._note(point, "PostgreSQL killed", was_hit=node.was_hit(point.name))
                self.world.server.stop(signal.SIGQUIT)
                self.world.server.start()
                node.order(do="go")
                doing.result()
            for replica in self.world.providers:
                self.checker.that("a replica outlives its server", replica.is_up, replica.folder)
            self.world.start()
            self.ways.see_through(point.by, prepared)
            self._recover()

    def _face(self, number: int) -> Struck:
        node = self.world.providers[number % len(REPLICAS)]
        self.world.face(node)
        return node
