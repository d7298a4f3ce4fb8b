"""Lines of both topics, and the rows that the store makes of them."""

import json

import pyarrow as pa

from movierec.dataset.scale import Events
from movierec.evaluation.online.daysums import Lines, sums_of
from movierec.evaluation.online.merging import merge
from movierec.evaluation.online.outcomes import Online
from movierec.lines.kinds import RATING, REQUEST, SERVED, WATCH
from movierec.routing import Routing
from movierec.times import MINUTE

COLUMNS = pa.schema(
    [
        ("kind", pa.uint8()),
        ("time", pa.int64()),
        ("user", pa.int64()),
        ("movie", pa.dictionary(pa.int32(), pa.string())),
        ("minute", pa.int32()),
        ("text", pa.string()),
    ]
)


def served(minute, user, ids, request_id, model="svd@v1", tier="model", arm="svd", ratings=None):
    line = {"request_id": request_id, "user": user, "model": model, "arm": arm, "tier": tier}
    line |= {"ids": ids} | ({} if ratings is None else {"ratings": ratings})
    text = json.dumps({"time": "2026-01-05T00:00", **line})
    return {"kind": SERVED, "time": round(minute * MINUTE), "user": user, "text": text}


def watch(minute, user, movie, of=0):
    """At a minute since 1970, minute `of` of a movie."""
    time = round(minute * MINUTE)
    return {"kind": WATCH, "time": time, "user": user, "movie": movie, "minute": of}


def rating(minute, user, movie, value):
    time = round(minute * MINUTE)
    return {"kind": RATING, "time": time, "user": user, "movie": movie, "text": str(value)}


def request(text, user=1, minute=0.0):
    return {"kind": REQUEST, "time": round(minute * MINUTE), "user": user, "text": text}


def rows(*lines):
    return pa.Table.from_pylist(list(lines), COLUMNS)


PARAMS = Online("", 14, 30.0, 0.95, 600, 0.1, 0.8, 20, 0.1)
SCALE = Events(1.0, 5.0)
FIRST, SECOND, THIRD = "1970-01-01", "1970-01-02", "1970-01-03"
EVEN = Routing("1", {"svd": 50.0, "svdpp": 50.0})


def lines(day, before=None):
    """Both topics of a day and of the one before it, in some batches."""
    told, eve = (
        None if table is None else table.to_batches(max_chunksize=2 + len(table) // 9)
        for table in (day, before)
    )
    return Lines(told, told, eve, eve)


def summed(*written, day=FIRST, before=None, params=PARAMS, open=False):
    """The sums of a day of these lines; `before` are those of the day before."""
    return sums_of(day, lines(rows(*written), before and rows(*before)), params, SCALE, open)


def models(*written, **more):
    """model → what is said of it."""
    return merge([summed(*written, **more)], PARAMS, EVEN)["models"]
