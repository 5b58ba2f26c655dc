"""Which secret is attacked: what is sensitive and named, what is measured, or what people say."""

from sekisho.disclosure.attacks.choosing import ShownColumn, choose_secrets, secret_of, values_of
from sekisho.disclosure.attacks.knowledge import Asked, Measured


def column(name, values, **changes):
    fields = {
        "is_named": True,
        "is_grouped": True,
        "is_measure": False,
        "is_who": False,
        "is_sensitive": False,
    }
    return ShownColumn(name=name, values=values, **(fields | changes))


SEX = column("sex", ["f", "m", "f", None])
RESULT = column("result", ["no", "no", "yes", "no"], is_sensitive=True)
WHO = column("patient", [1, 2, 3, 4], is_who=True, is_sensitive=True)
ILL = column("ill", [1.0, 0.0, 0.0, None], is_named=False, is_measure=True)
LOAD = column("load", [20.5, 30.0, 45.0, None], is_named=False, is_measure=True)
WORDS = column("words", ["a", "b", "c", "d"], is_named=False, is_measure=True)


def test_sensitive_column_and_measures_are_chosen():
    assert choose_secrets([SEX, RESULT, WHO, LOAD, ILL, WORDS]) == (
        Asked(column="result", value="yes"),
        Measured(column="ill", is_flag=True, usual=0.0),
        Measured(column="load", is_flag=False, usual=30.0),
    )


def test_where_nothing_is_measured_or_sensitive_the_last_of_few_values_is():
    assert choose_secrets([SEX, WHO]) == (Asked(column="sex", value="m"),)
    assert choose_secrets([SEX, ILL])[0].name == "ill"


def test_secret_is_found_by_the_name_that_people_write():
    columns = {item.name: item for item in (SEX, RESULT, ILL, LOAD)}
    assert secret_of(columns, "result=NO") == Asked(column="result", value="no")
    assert secret_of(columns, "Result") == Asked(column="result", value="yes")
    assert secret_of(columns, "load") == Measured(column="load", is_flag=False, usual=30.0)
    assert secret_of(columns, "result=maybe") is None
    assert secret_of(columns, "ill=1") is None
    assert secret_of(columns, "age") is None


def test_secret_has_a_value_in_each_row():
    assert list(values_of(Asked(column="sex", value="f"), SEX)) == [1.0, 0.0, 1.0, 0.0]
    load = Measured(column="load", is_flag=False, usual=30.0)
    assert list(values_of(load, LOAD)) == [20.5, 30.0, 45.0, None]
