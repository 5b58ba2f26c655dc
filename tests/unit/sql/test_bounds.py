"""A text is bounded before any parser sees it."""

from dataclasses import replace

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.bounds import check_bounds, has_comment

SMALL = replace(DEFAULT_LIMITS, max_sql_bytes=40, max_sql_depth=4)


def refusal(text, limits=SMALL):
    with pytest.raises(Refusal) as caught:
        check_bounds(text, limits=limits)
    return caught.value


def test_size_counts_bytes_not_letters():
    check_bounds("é" * 20, limits=SMALL)
    assert refusal("é" * 21).reason is RefusalReason.TOO_COMPLEX


@pytest.mark.parametrize(
    "text", ["((((1))))", "[[[[1]]]]", "({[(1)]})", "- - - - 1", "not not not not a"]
)
def test_depth_up_to_the_bound_is_fine_and_one_more_is_not(text):
    check_bounds(text, limits=SMALL)
    opener = {"n": "not ", "-": "- "}.get(text[0], text[0])
    refused = refusal(opener + text)
    assert refused.reason is RefusalReason.TOO_COMPLEX
    assert refused.line == 1
    assert refused.column > 1


@pytest.mark.parametrize(
    "text", ["'((((((((('", '"((((((((("', "-- (((((((((\n1", "/* ((((((((( */ 1", "''''((((1))))"]
)
def test_what_is_quoted_or_a_comment_does_not_nest(text):
    check_bounds(text, limits=SMALL)


def test_closed_brackets_do_not_add_up():
    check_bounds("(1)+(1)+(1)+(1)+(1)+(1)", limits=SMALL)


@pytest.mark.parametrize("point", [0x00, 0x1B, 0x7F, 0x9F, 0xAD, 0x200B, 0x202E, 0xFEFF, 0xE0041])
def test_unseen_character_is_refused_with_its_place(point):
    refused = refusal(f"a\nb{chr(point)}")
    assert refused.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert f"U+{point:04X}" in refused.message
    assert (refused.line, refused.column) == (2, 2)


def test_lone_surrogate_is_refused():
    assert refusal("a\ud800").reason is RefusalReason.SYNTAX_NOT_ALLOWED


def test_tabs_and_line_ends_are_seen():
    check_bounds("a\tb\r\nc", limits=SMALL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a -- b", True),
        ("a /* b */", True),
        ("a /* b", True),
        ("'--'", False),
        ('"/*"', False),
        ("a - -b", False),
        ("'it''s --'", False),
    ],
)
def test_comments_are_told_from_quotes(text, expected):
    assert has_comment(text) is expected
