"""Lines of both topics, and the rows that the store makes of them."""

import json

import pyarrow as pa

from movierec.lines.kinds import REQUEST, SERVED, WATCH
from movierec.times import MINUTE

COLUMNS = pa.schema(
    [
        ("kind", pa.uint8()),
        ("time", pa.int64()),
        ("user", pa.int64()),
        ("movie", pa.dictionary(pa.int32(), pa.string())),
        ("text", pa.string()),
    ]
)


def served(minute, user, ids, request_id, model="svd@v1", tier="model", arm="svd"):
    line = {"request_id": request_id, "user": user, "model": model, "arm": arm, "tier": tier}
    text = json.dumps({"time": "2026-01-05T00:00", **line, "ids": ids})
    return {"kind": SERVED, "time": round(minute * MINUTE), "user": user, "text": text}


def watch(minute, user, movie):
    return {"kind": WATCH, "time": round(minute * MINUTE), "user": user, "movie": movie}


def request(text, user=1):
    return {"kind": REQUEST, "time": 0, "user": user, "text": text}


def rows(*lines):
    return pa.Table.from_pylist(list(lines), COLUMNS)
