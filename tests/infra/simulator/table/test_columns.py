"""Which column is which: by options, by name, by order."""

from pathlib import Path

import pytest

from infra.simulator.table.columns import find_columns
from movierec.errors import BadInput

PATH = Path("t.csv")


def found(header, *rows, given=None, head=None):
    fields = [line.split(",") for line in (header, *rows)]
    return find_columns(PATH, fields, given or {}, head)


BY_NAME = {
    "userId,movieId,rating,timestamp": (0, 1, 2, 3),
    "user_id,item_id,stars,date": (0, 1, 2, 3),
    "User-ID,ISBN,Book-Rating": (0, 1, 2, None),
    "asin,title,overall,reviewTime,unixReviewTime,reviewerID": (5, 0, 2, 4),
    "profileName,review/userId,product/title,review/score": (1, 2, 3, None),
    "user_id:token,item_id:token,rating:float,timestamp:float": (0, 1, 2, 3),
    ",recipe_id,user_id,date_of_review,given_rating,review": (2, 1, 4, 3),
    "id,USER,Title,Score,created_at": (1, 2, 3, 4),
    "reviewer,book,stars,when": (0, 1, 2, 3),
    "Customer,Product,Grade,Epoch": (0, 1, 2, 3),
    "when,account,artist,track,points": (1, 3, 4, 0),
    "visitor,show,title,vote,created": (0, 1, 3, 4),
    "customer_id,product_id,product_title,star_rating,helpful_votes,total_votes,review_date": (
        *(0, 1, 3, 6),
    ),
}


@pytest.mark.parametrize("header", BY_NAME)
def test_columns_are_recognised_by_name(header):
    columns = found(header, ",".join("1" for _ in header.split(",")))
    assert columns[:4] == BY_NAME[header] and columns.header


BY_ORDER = {
    "user, movie, rating": ("1,2,3", (0, 1, 2, None)),
    "and a time": ("A1,B2,5,1399939200", (0, 1, 2, 3)),
    "a time before the rating": ("1,2,2013-04-03T22:45,5", (0, 1, 3, 2)),
}


@pytest.mark.parametrize("row, places", BY_ORDER.values(), ids=BY_ORDER)
def test_without_a_header_the_order_tells(row, places):
    columns = found(row, row)
    assert columns[:4] == places and not columns.header


def test_options_go_before_names():
    header = "userId,movieId,rating,timestamp,who"
    columns = found(header, "1,2,3,4,5", given={"user": "WHO", "movie": "1", "time": "none"})
    assert columns[:4] == (4, 0, 2, None) and columns.header
    columns = found("1,2,3,4,5", given={"user": "5", "movie": "4", "rating": "3"})
    assert columns[:4] == (4, 3, 2, None) and not columns.header


def test_whether_there_is_a_header_can_be_said():
    assert not found("user,movie,rating", "a,b,1", head=False).header
    assert found(
        "1,2,3", "a,b,1", given={"user": "1", "movie": "2", "rating": "3"}, head=True
    ).header


REFUSED = {
    "unknown names": (["u,m,r", "1,2,3"], {}, "no column is known to be the user: the header is u"),
    "many columns": (["1,2,3,4,5"], {}, r"5 columns, no header; give --user NAME or NUMBER"),
    "two that may be it": (["user_id,item,rating_a,rating_b", "1,2,3,4"], {}, "be the rating"),
    "a comment": (["% bip,weighted,x", "1,2,3"], {}, r"comment, take all out: grep -v '\^\[#%\]'"),
    "watches alone": (["1,2", "1,3"], {}, "to be the rating.*trains neither SVD nor SVD"),
    "watches and times": (["1,2,1365029107"], {}, "to be the rating"),
    "no such name": (["user,movie,rating"], {"user": "who"}, "--user who: no such column; there"),
    "no such number": (["1,2,3"], {"movie": "4"}, "--movie 4: no such column"),
    "twice": (["1,2,3"], {"user": "1", "movie": "1", "rating": "2"}, "name a column twice"),
}


@pytest.mark.parametrize("lines, given, reason", REFUSED.values(), ids=REFUSED)
def test_a_column_that_is_not_found_is_named_with_the_remedy(lines, given, reason):
    with pytest.raises(BadInput, match=reason):
        found(*lines, given=given)
