"""Environment variables → frozen dataclasses: a field is a setting and says all there is to say.

    class ServiceSettings:
        PREFIX: ClassVar[str] = "SERVICE_"
        port: int = setting(whole(1, 65_535), "Where it listens.", default=8080)

makes the variable SERVICE_PORT. `read` fills the fields, and refuses a bad value and a variable
of the prefix that no field knows, so that a misspelt one is never silent. An empty variable
counts as one that is not set. What Kubernetes and Docker put there (links) is passed over.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from movierec.errors import BadParams
from movierec.numbers import real_of, whole_of
from serve.links import is_link

T = TypeVar("T")
Environment = Mapping[str, str]

NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True)
class Kind:
    """What a variable takes, in words that follow "must be", and how its text is read."""

    takes: str
    parse: Callable[[str], Any]
    """Raises ValueError for text of another kind."""
    secret: bool = False


def setting(kind: Kind, meaning: str, *, default: Any = MISSING, **names: str) -> Any:
    """A field that is read from the environment. Without a default the variable must be set;
    `names` are what the setting is called elsewhere, by whose name it is."""
    metadata = {"kind": kind, "meaning": meaning, **names}
    return field(default=default, repr=not kind.secret, metadata=metadata)


def settings_of(cls: Any) -> list[tuple[str, "Field[Any]"]]:
    """(variable, field) of every setting of a class, in order."""
    return [(cls.PREFIX + f.name.upper(), f) for f in fields(cls) if "kind" in f.metadata]


def read(
    cls: type[T], environment: Environment, *, foreign: re.Pattern[str] = NOTHING, **given: Any
) -> T:
    """The settings of `cls`; `given` are fields that are no setting of their own.

    Raises BadParams for a bad value, a variable that is missing, and one of the prefix that
    is unknown, unless its name is of the form `foreign`: somebody else's.
    """
    refuse_unknown(cls, environment, foreign)
    own = {name: text for name, text in environment.items() if not is_link(name, environment)}
    for name, place in settings_of(cls):
        kind: Kind = place.metadata["kind"]
        text = _secret(own, name) if kind.secret else own.get(name, "").strip()
        if text:
            given[place.name] = _value(kind, name, text)
        elif place.default is MISSING:
            raise BadParams(f"{name} is not set: set it to {kind.takes}")
    return cls(**given)


def refuse_unknown(cls: Any, environment: Environment, foreign: re.Pattern[str]) -> None:
    """Raises BadParams for a variable of the prefix that is no setting, naming the nearest."""
    known = [name for name, _ in settings_of(cls)]
    files = [f"{name}_FILE" for name, place in settings_of(cls) if place.metadata["kind"].secret]
    for name in sorted(environment):
        if not name.startswith(cls.PREFIX) or name in known or name in files:
            continue
        if not foreign.fullmatch(name) and not is_link(name, environment):
            near = difflib.get_close_matches(name, known + files, 1, cutoff=0.0)[0]
            listed = getattr(cls, "LISTED", "serve.settings")
            raise BadParams(
                f"{name} is no setting: did you mean {near}? `python -m {listed}` lists them"
            )


def _value(kind: Kind, name: str, text: str) -> Any:
    try:
        return kind.parse(text)
    except ValueError:
        raise BadParams(f"{name} must be {kind.takes}, got {text!r}") from None


def _secret(environment: Environment, name: str) -> str:
    """A secret from the file `<name>_FILE` or from `<name>`. Raises BadParams, never quoting it."""
    file = environment.get(f"{name}_FILE", "").strip()
    value = environment.get(name, "")
    if file and value:
        raise BadParams(f"set {name}_FILE or {name}, not both")
    if not file:
        return value
    try:
        text = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or no path
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        # Nor is the path quoted: somebody may have put the secret itself there.
        raise BadParams(f"the file that {name}_FILE names cannot be read: {reason}") from None
    if not text:
        raise BadParams(f"the file that {name}_FILE names is empty")
    return text


def whole(low: int, high: int) -> Kind:
    """A whole number in [low, high]."""

    def parse(text: str) -> int:
        if not low <= (number := whole_of(text)) <= high:
            raise ValueError
        return number

    return Kind(f"a whole number from {low} to {high}", parse)


def real(low: float, high: float) -> Kind:
    """A finite number in [low, high]."""

    def parse(text: str) -> float:
        if not low <= (number := real_of(text)) <= high:
            raise ValueError
        return number

    return Kind(f"a number from {low:g} to {high:g}", parse)


def one_of(*options: str) -> Kind:
    """One of `options`."""

    def parse(text: str) -> str:
        if text not in options:
            raise ValueError
        return text

    return Kind(f"one of {', '.join(options)}", parse)


def matching(pattern: str, takes: str) -> Kind:
    """Text of the form `pattern`."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return Kind(takes, parse)


def several(kind: Kind, takes: str) -> Kind:
    """Different values of one kind, joined by commas, as a tuple."""

    def parse(text: str) -> tuple[Any, ...]:
        values = tuple(kind.parse(part.strip()) for part in text.split(","))
        if len(set(values)) != len(values):
            raise ValueError
        return values

    return Kind(takes, parse)


def existing_file(text: str) -> str:
    """The path of a file that is there. Raises ValueError."""
    try:
        if Path(text).is_file():
            return text
    except OSError as error:  # in a folder that we may not enter, or a text that is no path
        raise ValueError from error
    raise ValueError


SWITCH = Kind("on or off", lambda text: {"on": True, "off": False}[one_of("on", "off").parse(text)])
FOLDER = Kind("the path of a folder", Path)
FILE = Kind("the path of a file that is there", existing_file)
NAME = matching(r"[^\x00-\x1f]{1,249}", "a name")
PASSWORD = Kind("a password", str, secret=True)
