"""A `#` that ends a row filter early, so that more rows are granted than people read.

expect: the reader refuses a filter without quotes, and any comment beside a filter
effect: rows without consent, or of minors, leave
source: docs/spec/documents.md section 1
"""

import pytest

from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError


@pytest.mark.parametrize(
    "filter_text",
    [
        "where: consent = 'given' #AND NOT minor",
        "where: consent = 'given' # AND NOT minor",
        "where: \"consent = 'given'\" # AND NOT minor",
        "where: \"consent = 'given'\" #AND NOT minor",
        "where: | # AND NOT minor\n  consent = 'given'",
        "where: |\n  consent = 'given'\n # AND NOT minor",
        "where: >\n  consent = 'given'",
        "{where: \"consent = 'given'\", # AND NOT minor\n access: rows}",
        '"where": consent #AND NOT minor',
        "where:\n  consent #AND NOT minor",
        "? where # AND NOT minor\n: \"consent = 'given'\"",
    ],
)
def test_a_filter_that_a_comment_shortens_is_refused(filter_text):
    grant = "\n".join("    " + line for line in filter_text.splitlines())

    with pytest.raises(DocumentError) as caught:
        parse_yaml(f"grants:\n  -\n{grant}\n".encode())

    assert {"grants[0].where"} & {item.path for item in caught.value.findings}


def test_a_number_sign_inside_quotes_stays_part_of_the_filter():
    value = parse_yaml(b"where: \"gate = '#1' AND NOT minor\"\n").value

    assert value == {"where": "gate = '#1' AND NOT minor"}
