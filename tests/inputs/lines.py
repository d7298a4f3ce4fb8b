"""Log lines for property tests: good ones of every kind, and ones that are nearly good."""

from hypothesis import strategies as st

SLUGS = st.text("abcdefghijklmnopqrstuvwxyz0123456789+-._*", min_size=1, max_size=130)
USERS = st.one_of(st.integers(0, 10**18 - 1).map(str), st.sampled_from(["0", "00", "-1", "9" * 19]))


@st.composite
def times(draw: st.DrawFn) -> str:
    """A time of the log, now and then one that does not exist."""
    year = draw(st.one_of(st.integers(1970, 2261), st.sampled_from([1969, 2000, 2100, 2262, 9999])))
    month, day = draw(st.integers(0, 13)), draw(st.integers(0, 32))
    if draw(st.booleans()):
        month, day = max(1, min(month, 12)), max(1, min(day, 28))
    elif draw(st.booleans()):
        month, day = 2, 29
    text = f"{year:04d}-{month:02d}-{day:02d}T{draw(st.integers(0, 24)):02d}:"
    text += f"{draw(st.integers(0, 60)):02d}"
    if draw(st.booleans()):
        text += f":{draw(st.integers(0, 60)):02d}"
        digits = draw(st.sampled_from([0, 0, 3, 6, 9, 1, 4, 10]))
        text += f".{draw(st.integers(0, 10**digits - 1)):0{digits}d}" if digits else ""
    return text


ACTIONS = st.one_of(
    st.builds(
        "GET /data/m/{}/{}.mpg".format,
        SLUGS,
        st.one_of(st.integers(0, 120), st.sampled_from(["007", "99999", "100000", ""])),
    ),
    st.builds(
        "GET /rate/{}={}".format,
        SLUGS,
        st.sampled_from(["1", "5", "3.5", "0", "10", "99.99", "100", "4.", ""]),
    ),
    st.builds(
        "recommendation request host.example:8082, status {}, result: {}, {}{}".format,
        st.sampled_from(["200", "0", "abc"]),
        st.sampled_from(["a+1990, b+1991", "a+1990,b+1991", "java.io.IOException: x, y/z", ""]),
        st.integers(0, 9999),
        st.sampled_from([" ms", "ms", ""]),
    ),
    st.sampled_from(["GET /create_account", "GET /create_account ", "GET /", ""]),
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line: as a site writes it, or with bytes put in, taken out or replaced."""
    line = f"{draw(times())},{draw(USERS)},{draw(ACTIONS)}".encode()
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(line)))
        put = draw(st.one_of(st.binary(max_size=2), st.sampled_from([b" ", b",", b"/", b"\0"])))
        line = line[:at] + put + line[at + draw(st.integers(0, 2)) :]
    return draw(st.sampled_from([line, line, line, line[: len(line) // 2], line * 2]))


ANY_LINE = st.one_of(lines(), lines(), lines(), st.binary(max_size=80), st.none())
