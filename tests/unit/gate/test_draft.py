"""A draft knows what the rules before have filled in, and says so when one was left out."""

import pytest
from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.draft import Draft, Question
from sekisho.gate.rules import RULES
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.model.query import Query
from support.gate_cases import (
    CONSUMER,
    CONTRACT,
    DATASETS,
    PARSER,
    PROVIDER,
    SIGNED,
    ask,
    refused,
    signed_contract,
)


def draft():
    query = Query(
        sql="", contract=SIGNED.id, purpose="reliability", consumer=CONSUMER, provider=PROVIDER
    )
    question = Question(
        query=query, signed=SIGNED, datasets=DATASETS, parser=PARSER, limits=DEFAULT_LIMITS
    )
    return Draft(question=question, grant=SIGNED.contract.grants[0], tree=exp.select("1"))


@pytest.mark.parametrize("rule", RULES[1:-1], ids=lambda rule: rule.__name__)
def test_rule_before_the_names_are_looked_up_is_misuse(rule):
    with pytest.raises(RuntimeError, match="before the names were looked up"):
        rule(draft())


def test_provider_that_grants_nothing_here_has_no_dataset():
    only_others = CONTRACT.replace("ua.example/", "dl.example/").replace(
        "[dl.example/flights, dl.example/flights]", "[dl.example/flights]"
    )
    refusal = refused("SELECT 1 FROM flights", signed=signed_contract(only_others))
    assert refusal.reason is RefusalReason.DATASET_NOT_GRANTED
    assert refusal.allowed == ()


def test_query_too_deep_for_the_rules_is_refused_not_raised():
    chain = " || ".join(["origin"] * 155)
    answer = ask(f"SELECT {chain} FROM flights WHERE {chain} = 'x' ORDER BY {chain}")
    assert not isinstance(answer, Refusal) or answer.reason is RefusalReason.TOO_COMPLEX
