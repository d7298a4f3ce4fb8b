"""Which changes are made to a rule."""

from infra.prometheus.mutants import mutants


def test_each_number_window_comparison_and_for_is_changed_and_nothing_else() -> None:
    expression = (
        'movierec:failed:rate1h / sum(rate(x_total{a!="5", b=~"2|3", le="0.6"}[5m] offset 1h)) '
        ">= 14.4 * 3600 and p90 == 0"
    )
    made = list(mutants({"alert": "A", "expr": expression, "for": "2m"}))
    changed = [m.rule["expr"] for m in made if m.rule["expr"] != expression]
    assert [m.rule["for"] for m in made if m.rule["expr"] == expression] == ["180s", "80s"]
    assert changed == [
        expression.replace(old, new)
        for old, new in (
            ('"0.6"', '"0.75"'),
            ('"0.6"', '"0.48"'),
            ("[5m]", "[450s]"),
            ("[5m]", "[200s]"),
            ("offset 1h", "offset 5400s"),
            ("offset 1h", "offset 2400s"),
            (">= 14", "< 14"),
            ("14.4", "18"),
            ("14.4", "11.52"),
            ("3600", "4500"),
            ("3600", "2880"),
            ("==", "!="),
            ("== 0", "== 1"),
        )
    ]


def test_of_what_fires_always_nothing_is_changed_that_could_not_be_seen() -> None:
    assert not list(mutants({"alert": "A", "expr": "vector(1)\n"}))
    assert list(mutants({"alert": "A", "expr": "vector(1) > 0"}))
    assert list(mutants({"alert": "A", "expr": "x or vector(1)"}))
    assert list(mutants({"record": "a:b", "expr": "vector(1)"}))
