"""Plays attacks on a dataset under its grant, and says what each of them recovered."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from sekisho.disclosure.attacks.attack import (
    Ask,
    Attack,
    Brief,
    Bring,
    By,
    Move,
    Reading,
    Reply,
    Turn,
    Wanted,
)
from sekisho.disclosure.attacks.catalog import ATTACKS
from sekisho.disclosure.attacks.knowledge import (
    Asked,
    Cut,
    KnownLookup,
    Measured,
    Secret,
    Target,
)
from sekisho.disclosure.attacks.truth import Score, Truth
from sekisho.errors import Refusal, RefusalReason
from sekisho.model.guardrail import PlacedRule
from sekisho.model.names import PartyId
from sekisho.server.rehearsal.ground import Ground
from sekisho.server.rehearsal.listeners import AtNode, Listener, Unprotected

MOST_AIMS = 400
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
            reply = self._answered(move)

    def _answered(self, move: Move) -> Reply:
        match move:
            case Ask():
                return self._asked(move)
            case Bring():
                return self._brought(move)
            case Turn():
                self._heard.clear()
                self._listener.turn(move.absent)
                return Reply()

    def _brought(self, move: Bring) -> Reply:
        try:
            self._listener.bring(move)
        except Refusal as refusal:
            return self._refused(refusal)
        return Reply()

    def _refused(self, refusal: Refusal) -> Reply:
        self.refused += 1
        self.refusal = self.refusal or refusal
        # What a limit ended, no further query of the day would get either.
        self._is_over = refusal.reason is RefusalReason.LIMIT_REACHED
        return Reply(is_refused=True)

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
            reply = self._listener.ask(move)
        except Refusal as refusal:
            return self._refused(refusal)
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
            brief = brief_of(attack, truth, lookup=ground.lookup(), seed=seed, queries=queries)
            return play_both(attack, truth, brief, (node, plain))

    with ThreadPoolExecutor(at_once) as pool:
        found = pool.map(run, range(len(plans)))
        return tuple(outcome for outcomes in found for outcome in outcomes)


def brief_of(
    attack: Attack, truth: Truth, *, seed: int, queries: int, lookup: KnownLookup | None = None
) -> Brief:
    """Tell an attacker everything but the truth.

    Args:
        attack: What is played.
        truth: The secret, and all that is known beside it.
        seed: Draws whom it may aim at.
        queries: That it may send.
        lookup: What table it may bring.
    """
    aims = truth.draw(attack.wants, seed, most=MOST_AIMS)
    return Brief(
        known=truth.known,
        secret=truth.secret,
        rules=truth.rules,
        queries=queries,
        targets=tuple(item for item in aims if isinstance(item, Target)),
        cells=tuple(item for item in aims if isinstance(item, Cut)),
        lookup=lookup,
    )


def play_both(  # noqa: PLR0917  an attacker, the truth, and both who are asked
    attack: Attack, truth: Truth, brief: Brief, listeners: tuple[Listener, Listener]
) -> tuple[Outcome, ...]:
    """Play one attack on one secret, and hold what it concludes to the truth.

    Args:
        attack: What is played.
        truth: The secret.
        brief: What the attacker is told.
        listeners: Who is asked, and who is asked to compare.

    Returns:
        One outcome a reading.
    """
    node, plain = listeners
    player = Player(brief, node)
    readings = player.play(attack)
    exact = replace(brief, rules=replace(truth.rules, is_exact=True, round_counts_to=1))
    compared = Player(exact, plain).play(attack)
    most = truth.score(attack.wants, compared[0]).recovered if compared else 0
    outcome = partial(
        Outcome,
        attack=attack,
        secret=truth.secret,
        queries=player.queries,
        refused=player.refused,
        refusal=player.refusal,
        withheld=player.withheld,
        unprotected=most,
    )
    return tuple(
        outcome(by=reading.by, score=truth.score(attack.wants, reading))
        for reading in readings
        if reading.by is By.FIGURES or reading.guesses
    )


def _plans(ground: Ground) -> Iterator[tuple[Attack, Truth]]:
    """List what there is to try: every attack that a secret is open to."""
    has_flag = any(isinstance(t.secret, Measured) and t.secret.is_flag for t in ground.truths)
    for truth in ground.truths:
        for attack in ATTACKS.get(ground.grant.access, ()):
            if attack.needs_lookup and ground.lookup() is None:
                continue
            if _fits(attack, truth.secret, has_flag=has_flag):
                yield attack, truth


def _fits(attack: Attack, secret: Secret, *, has_flag: bool) -> bool:
    """Whether an attack is tried on a secret; on a number beside a flag, only what adds to it."""
    is_number = isinstance(secret, Measured) and not secret.is_flag
    match attack.wants:
        case Wanted.COUNTS:
            return not is_number
        case Wanted.PRESENCE:
            return isinstance(secret, Asked)
        case Wanted.LARGEST:
            return is_number
        case Wanted.SECRETS | Wanted.ANYBODYS:
            return not (is_number and has_flag)
