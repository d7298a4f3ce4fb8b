"""Lines of both topics, and the rows that the store makes of them."""

import json

import pyarrow as pa

from movierec.lines.kinds import RATING, REQUEST, SERVED, WATCH
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
