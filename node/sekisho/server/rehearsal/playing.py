"""Plays attacks on a dataset under its grant, and says what each of them recovered."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from sekisho.disclosure.attacks.attack import Ask, Attack, Brief, By, Reading, Reply, Wanted
from sekisho.disclosure.attacks.catalog import ATTACKS
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Secret, Target
from sekisho.disclosure.attacks.truth import Score, Truth
from sekisho.errors import Refusal, RefusalReason
from sekisho.model.guardrail import PlacedRule
from sekisho.model.names import PartyId
from sekisho.server.rehearsal.ground import Ground
from sekisho.server.rehearsal.listeners import AtNode, Listener, Unprotected

MOST_AIMS = 200
"""People or cells among which an attacker finds the weakest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attack recovered, read in one way."""

    attack: Attack
    secret: Secret
    by: By
    queries: int
    refused: int
    refusal: Refusal | None
    """The first, where there was one."""
    withheld: int
    """Answers in which a figure, or everything, was withheld."""
    score: Score
    unprotected: int
    """What the same attacker recovers from exact figures."""


class Player:
    """Lets an attacker ask until it is done, or until a limit is met, and counts."""

    def __init__(self, brief: Brief, listener: Listener) -> None:
        """Begin with nothing asked."""
        self._brief = brief
        self._listener = listener
        self._is_over = False
        self._heard: dict[str, Reply] = {}
        self.queries = 0
        self.refused = 0
        self.refusal: Refusal | None = None
        self.withheld = 0

    def play(self, attack: Attack) -> tuple[Reading, ...]:
        """Play an attack to its end; gives what the attacker concludes."""
        strategy = attack.plays(self._brief)
        reply: Reply | None = None
        while True:
            try:
                move = next(strategy) if reply is None else strategy.send(reply)
            except StopIteration as end:
                readings: tuple[Reading, ...] = end.value
                return readings
            if isinstance(move, Ask):
                reply = self._asked(move)
            else:
                self._heard.clear()
                self._listener.turn(move.absent)
                reply = Reply()

    def _asked(self, move: Ask) -> Reply:
        """Ask, unless the answer is known from before, the same day."""
        if move.sql not in self._heard:
            self._heard[move.sql] = self._heard_now(move)
        return self._heard[move.sql]

    def _heard_now(self, move: Ask) -> Reply:
        if self._is_over or self.queries >= self._brief.queries:
            return Reply(is_refused=True)
        self.queries += 1
        try:
            reply = self._listener.ask(move.sql)
        except Refusal as refusal:
            self.refused += 1
            self.refusal = self.refusal or refusal
            # What a limit ended, no further query of the day would get either.
            self._is_over = refusal.reason is RefusalReason.LIMIT_REACHED
            return Reply(is_refused=True)
        figures = 1 if isinstance(self._brief.secret, Asked) else 2
        self.withheld += not reply.rows or any(None in row[-figures:] for row in reply.rows)
        return reply


def attack_all(
    ground: Ground,
    consumer: PartyId,
    *,
    seed: int,
    queries: int,
    at_once: int,
    rules: tuple[PlacedRule, ...] = (),
) -> tuple[Outcome, ...]:
    """Play every attack on a dataset, each against a node that was asked nothing before.

    Args:
        ground: The dataset under its grant.
        consumer: Who asks.
        seed: Draws aims, and what secrets of a node figures depend on.
        queries: That each attack may send.
        at_once: Attacks that are played side by side.
        rules: Of the provider's guardrails.
    """
    plans = tuple(_plans(ground))

    def run(number: int) -> tuple[Outcome, ...]:
        attack, truth = plans[number]
        name = f"{ground.offer.party}-{ground.grant.grant}-{ground.name}-{number}"
        with AtNode(ground, consumer, name=name, seed=seed, rules=rules) as node:
            plain = Unprotected(ground)
            return play_both(attack, truth, (node, plain), seed=seed, queries=queries)

    with ThreadPoolExecutor(at_once) as pool:
        found = pool.map(run, range(len(plans)))
        return tuple(outcome for outcomes in found for outcome in outcomes)


def play_both(
    attack: Attack,
    truth: Truth,
    listeners: tuple[Listener, Listener],
    *,
    seed: int,
    queries: int,
) -> tuple[Outcome, ...]:
    """Play one attack on one secret, and hold what it concludes to the truth.

    Args:
        attack: What is played.
        truth: The secret, and all that is known beside it.
        listeners: Who is asked, and who is asked to compare.
        seed: Draws aims.
        queries: That may be sent.

    Returns:
        One outcome a reading.
    """
    aims = truth.draw(attack.wants, seed, most=MOST_AIMS)
    brief = Brief(
        known=truth.known,
        secret=truth.secret,
        rules=truth.rules,
        queries=queries,
        targets=tuple(item for item in aims if isinstance(item, Target)),
        cells=tuple(item for item in aims if isinstance(item, Cut)),
    )
    node, plain = listeners
    player = Player(brief, node)
    readings = player.play(attack)
    exact = replace(brief, rules=replace(truth.rules, is_exact=True, round_counts_to=1))
    compared = Player(exact, plain).play(attack)[0]
    outcome = partial(
        Outcome,
        attack=attack,
        secret=truth.secret,
        queries=player.queries,
        refused=player.refused,
        refusal=player.refusal,
        withheld=player.withheld,
        unprotected=truth.score(attack.wants, compared).recovered,
    )
    return tuple(
        outcome(by=reading.by, score=truth.score(attack.wants, reading))
        for reading in readings
        if reading.by is By.FIGURES or reading.guesses
    )


def _plans(ground: Ground) -> Iterator[tuple[Attack, Truth]]:
    """List what there is to try: every attack that a secret is open to."""
    for truth in ground.truths:
        for attack in ATTACKS.get(ground.grant.access, ()):
            if _fits(attack, truth.secret):
                yield attack, truth


def _fits(attack: Attack, secret: Secret) -> bool:
    match attack.wants:
        case Wanted.COUNTS:
            return isinstance(secret, Asked) or secret.is_flag
        case Wanted.PRESENCE:
            return isinstance(secret, Asked)
        case Wanted.LARGEST:
            return not isinstance(secret, Asked) and not secret.is_flag
        case Wanted.SECRETS:
            return True
