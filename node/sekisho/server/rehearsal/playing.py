"""Plays attacks on a dataset under its grant, and says what each of them recovered."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from sekisho.disclosure.attacks.attack import Ask, Attack, Brief, Reading, Reply, Wanted
from sekisho.disclosure.attacks.catalog import ATTACKS
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Secret, Target
from sekisho.disclosure.attacks.truth import Score, Truth
from sekisho.errors import Refusal, RefusalReason
from sekisho.model.names import PartyId
from sekisho.server.rehearsal.ground import Ground
from sekisho.server.rehearsal.listeners import AtNode, Listener, Unprotected


MOST_AIMS = 200
"""People or cells that an attack may choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attack recovered, read in one way."""

    attack: Attack
    secret: Secret
    by: str
    """`figures` or `gaps`."""
    queries: int
    refused: int
    withheld: int
    """Answers in which a figure, or everything, was withheld."""
    score: Score
    unprotected: int
    """What the same attacker recovers from exact figures."""


@dataclass(slots=True, kw_only=True)
class Played:
    """How one game went."""

    readings: tuple[Reading, ...] = ()
    queries: int = 0
    refused: int = 0
    withheld: int = 0


def attack_all(
    ground: Ground, consumer: PartyId, *, seed: int, queries: int, at_once: int
) -> list[Outcome]:
    """Play every attack on a dataset, each against a node that was asked nothing before.

    Args:
        ground: The dataset under its grant.
        consumer: Who asks.
        seed: Draws aims, and what secrets of a node figures depend on.
        queries: That each attack may send.
        at_once: Attacks that are played side by side.
    """
    plans = list(_plans(ground))

    def run(number: int) -> list[Outcome]:
        attack, truth = plans[number]
        name = f"{ground.offer.party}-{ground.grant.grant}-{ground.name}-{number}"
        with AtNode(ground, consumer, name=name, seed=seed) as node:
            return attack_one(attack, truth, node, Unprotected(ground), seed=seed, queries=queries)

    with ThreadPoolExecutor(at_once) as pool:
        return [item for outcomes in pool.map(run, range(len(plans))) for item in outcomes]


def attack_one(
    attack: Attack,
    truth: Truth,
    node: Listener,
    plain: Listener,
    *,
    seed: int,
    queries: int,
) -> list[Outcome]:
    """Play one attack on one secret, and hold what it concludes to the truth.

    Args:
        attack: What is played.
        truth: The secret and all that is known beside it.
        node: Who is asked.
        plain: Who is asked to compare.
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
    played = play(attack, brief, node)
    exact = replace(truth.rules, is_exact=True, round_counts_to=1)
    compared = play(attack, replace(brief, rules=exact), plain).readings[0]
    return [
        Outcome(
            attack=attack,
            secret=truth.secret,
            by=reading.by,
            queries=played.queries,
            refused=played.refused,
            withheld=played.withheld,
            score=truth.score(attack.wants, reading),
            unprotected=truth.score(attack.wants, compared).recovered,
        )
        for reading in played.readings
    ]


def play(attack: Attack, brief: Brief, listener: Listener) -> Played:
    """Let an attacker ask until it is done, or until a limit is met."""
    played = Played()
    strategy = attack.plays(brief)
    reply: Reply | None = None
    is_over = False
    while True:
        try:
            move = strategy.send(reply) if reply is not None else next(strategy)
        except StopIteration as end:
            played.readings = end.value
            return played
        reply = Reply()
        if not isinstance(move, Ask):
            listener.turn(move.absent)
        elif is_over or played.queries >= brief.queries:
            reply = Reply(is_refused=True)
        else:
            reply, is_over = _asked(played, brief, listener, move.sql)


def _asked(played: Played, brief: Brief, listener: Listener, sql: str) -> tuple[Reply, bool]:
    """Send one query; tells whether a limit was met, so that no other would be answered."""
    played.queries += 1
    try:
        reply = listener.ask(sql)
    except Refusal as refusal:
        played.refused += 1
        return Reply(is_refused=True), refusal.reason is RefusalReason.LIMIT_REACHED
    figures = 1 if isinstance(brief.secret, Asked) else 2
    played.withheld += not reply.rows or any(None in row[-figures:] for row in reply.rows)
    return reply, False


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
