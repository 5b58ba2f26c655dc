"""An explanation asked for to learn what else a dataset holds.

expect: nothing refuses; what would run is told over granted columns and published cells alone
effect: names of hidden columns, which stand in the hash of each row, at the consumer
source: DESIGN 8: a refusal or explanation reveals nothing that the contract does not show
"""

import pytest

from sekisho.model.query import QueryText
from support.asking import PURPOSE
from support.hospitals import DATA, hospital_section, statistics_text
from support.nodes import Companies

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

HIDDEN = ("first_name", "last_name", "clinic", "patient_class", "drive_through")


def test_an_explanation_names_no_hidden_column(tmp_path):
    with Companies(tmp_path) as companies:
        companies.found("a", hospital_section(DATA / "covid_tests_a.parquet"))
        companies.found("lab")
        companies.introduce()
        companies.start()
        contract = companies.agree(statistics_text(where="first_name <> 'x'"))
        peer = companies["lab"].peer_at(companies["a"])
        try:
            sql = "SELECT age, avg(cycle_threshold) FROM tests GROUP BY age"
            told = str(peer.explain(contract, PURPOSE, QueryText(sql=sql)))
        finally:
            peer.close()
        assert "cells_0" in told
        assert not [name for name in HIDDEN if name in told]
