"""A field is a variable: read, refused by name, and never silent when misspelt."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from movierec.errors import BadParams
from serve.variables import (
    FILE,
    PASSWORD,
    SWITCH,
    matching,
    one_of,
    read,
    real,
    setting,
    several,
    whole,
)


@dataclass(frozen=True)
class Given:
    PREFIX: ClassVar[str] = "OVEN_"
    heat: int = setting(whole(-1, 300), "Degrees.")
    port: int = setting(whole(1, 65_535), "Of its panel.", default=80)
    pin: str | None = setting(PASSWORD, "Of its panel.", default=None)


def test_a_variable_is_the_prefix_and_the_field_and_blanks_around_it_do_not_count() -> None:
    assert read(Given, {"OVEN_HEAT": " 200 ", "OVEN_PORT": "", "OTHER": "x"}) == Given(200)


def test_what_must_be_set_says_what_to_set_it_to() -> None:
    for environment in ({}, {"OVEN_HEAT": "  "}):
        with pytest.raises(BadParams) as refusal:
            read(Given, environment)
        assert str(refusal.value) == (
            "OVEN_HEAT is not set: set it to a whole number from -1 to 300"
        )


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("OVEN_HEATT", "OVEN_HEAT"),
        ("OVEN_PRT", "OVEN_PORT"),
        ("OVEN_PIN_FIL", "OVEN_PIN_FILE"),
        ("OVEN_HEAT_FILE", "OVEN_HEAT"),
        ("OVEN_", "OVEN_PIN"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(name: str, near: str) -> None:
    with pytest.raises(BadParams, match=rf"^{name} is no setting: did you mean {near}\?"):
        read(Given, {"OVEN_HEAT": "1", name: ""})


def test_somebody_else_s_variables_are_passed_over() -> None:
    environment = {"OVEN_HEAT": "1", "OVEN_JAVA_OPTS": "-Xmx1g"}
    assert read(Given, environment, foreign=re.compile(r"OVEN_.*_OPTS")) == Given(1)
    with pytest.raises(BadParams):
        read(Given, environment)


def test_what_others_put_there_is_no_setting_and_no_value_of_one() -> None:
    links = {"OVEN_SERVICE_HOST": "10.0.0.1", "OVEN_PORT": "tcp://10.0.0.1:9400"}
    assert read(Given, {"OVEN_HEAT": "1", **links}) == Given(1)
    with pytest.raises(BadParams, match="OVEN_DOOR_PORT"):
        read(Given, {"OVEN_HEAT": "1", "OVEN_DOOR_PORT": "80"})


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (whole(0, 10), {"0": 0, "10": 10, "+3": 3}, ["-1", "11", "1.0", "1_0", "x", "٣", "9" * 40]),
        (
            real(1e-05, 2e5),
            {"0.5": 0.5, "2": 2.0, "1.": 1.0, ".5": 0.5, "+3": 3.0, "1e-05": 1e-05, "1.0E+5": 1e5},
            ["0", "2e6", "nan", "inf", "abc", "1_0", "٣", "1e", ".", "1,5", "0x1p3", "1e99999"],
        ),
        (one_of("a", "b"), {"a": "a"}, ["A", "a,b", "c"]),
        (SWITCH, {"on": True, "off": False}, ["ON", "1", "true"]),
        (matching("[a-z]+", "a word"), {"ab": "ab"}, ["a b", "1"]),
        (several(whole(1, 9), "numbers"), {"1": (1,), "1, 2": (1, 2)}, ["1,1", "1,", "0", "1;2"]),
        (FILE, {__file__: __file__}, ["/no/such/file", "/", "n" * 5000]),
    ],
    ids=lambda value: getattr(value, "takes", None),
)
def test_each_kind_takes_what_it_says(kind, good, bad) -> None:
    @dataclass(frozen=True)
    class Of:
        PREFIX: ClassVar[str] = "OF_"
        it: object = setting(kind, "")

    for text, value in good.items():
        assert read(Of, {"OF_IT": text}).it == value
    for text in bad:
        with pytest.raises(BadParams) as refusal:
            read(Of, {"OF_IT": text})
        assert str(refusal.value) == f"OF_IT must be {kind.takes}, got {text!r}"


def test_a_secret_comes_from_its_variable_or_its_file_and_is_in_no_repr(tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_text("  1234 \r\n")
    for environment, pin in [
        ({}, None),
        ({"OVEN_PIN": " 12 "}, " 12 "),
        ({"OVEN_PIN_FILE": str(file)}, "  1234 "),
    ]:
        given = read(Given, {"OVEN_HEAT": "1", **environment})
        assert given.pin == pin
        assert "12" not in repr(given) or pin is None


def test_a_secret_in_a_file_is_utf8_whatever_the_locale(tmp_path: Path) -> None:
    (tmp_path / "pin").write_bytes("schlüssel".encode())
    code = (
        "import sys; from serve.kafka import KafkaSettings as K; print(ascii(K.from_environment("
        "{'KAFKA_SASL_PASSWORD_FILE': sys.argv[1]}, bootstrap='a:1').sasl_password))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "pin")],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        text=True,
    )
    assert told.stdout == "'schl\\xfcssel'\n", told.stderr


def test_a_secret_is_refused_unquoted(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    for environment, message in [
        ({"OVEN_PIN": "hunter2", "OVEN_PIN_FILE": "f"}, "set OVEN_PIN_FILE or OVEN_PIN, not both"),
        ({"OVEN_PIN_FILE": str(tmp_path / "none")}, "cannot be read: No such file"),
        ({"OVEN_PIN_FILE": str(tmp_path / "binary")}, "cannot be read: not UTF-8"),
        ({"OVEN_PIN_FILE": str(tmp_path / "empty")}, "OVEN_PIN_FILE names is empty"),
        ({"OVEN_PIN_FILE": "hunter2"}, "OVEN_PIN_FILE names cannot be read: No such file"),
        ({"OVEN_PIN_FILE": "hunter2" * 999}, "OVEN_PIN_FILE names cannot be read"),
    ]:
        with pytest.raises(BadParams, match=message) as refusal:
            read(Given, {"OVEN_HEAT": "1", **environment})
        assert "hunter2" not in str(refusal.value)
