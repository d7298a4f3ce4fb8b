"""The simulator's programs against the embedded broker and stub services."""

import json
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from infra.kafka.embedded import MockCluster
from infra.processes import free_port
from infra.simulator import live, produce, replay
from infra.simulator import sender as sender_module
from infra.simulator.exact import partition_of
from infra.simulator.ratings_file import read_ratings
from infra.simulator.sender import Sender
from infra.simulator.served import CLOSERS
from infra.simulator.world import make_world
from movierec import routing
from movierec.dataset.window import Window
from movierec.errors import BadInput, Unavailable
from movierec.lines.events import Account, BadLine, Rating, Request, Watch, parse
from movierec.lines.served import parse_served
from movierec.params import load_section
from movierec.times import day_number
from serve.kafka import KafkaSettings
from serve.settings import CollectorSettings
from tests.infra.simulator.broker import held
from tests.inputs.viewings import FIRST_DAY, aggregate_day, day_start, stored

PARTITIONS = 4
TOPICS = ["movielog", "again", "live", "replay", "letters", "routed", "beside", "served"]
WORLD = ["--seed", "3", "--users", "60", "--movies", "90"]


@pytest.fixture(scope="module")
def address():
    cluster = MockCluster(TOPICS, PARTITIONS)
    yield cluster.address
    cluster.close()


def events_of(found):
    return [parse(line) for lines in found.values() for _, line in lines]


def last_line(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


# produce


def test_the_same_seed_produces_the_same_log_in_every_partition(address, capsys):
    command = ["--bootstrap", address, *WORLD, "--first-day", "2026-11-01", "--days", "2"]
    command += ["--lines-per-day", "20000"]
    logs = []
    for topic in ("movielog", "again"):
        produce.main([*command, "--topic", topic])
        counts = last_line(capsys)
        logs.append(held(address, topic, PARTITIONS))
        assert counts["lines"] == sum(map(len, logs[-1].values()))
    assert logs[0] == logs[1]
    good = [
        (event.time // 10**6, timestamp)
        for lines in logs[0].values()
        for timestamp, line in lines
        if not isinstance(event := parse(line), BadLine)
    ]
    assert np.mean([time == timestamp for time, timestamp in good]) > 0.999  # but for corrupted


def test_what_was_served_goes_to_its_topic_to_the_partition_of_its_user(address, capsys):
    command = ["--bootstrap", address, *WORLD, "--first-day", "2026-11-01"]
    command += ["--lines-per-day", "20000", "--topic", "beside", "--served-topic", "served"]
    produce.main(command)
    counts = last_line(capsys)
    found = held(address, "served", PARTITIONS)
    answers = [
        (partition, stamp, parse_served(line))
        for partition, lines in found.items()
        for stamp, line in lines
    ]
    assert counts["served"] == len(answers) > 100
    assert sum(arm["lists"] for arm in counts["arms"].values()) >= len(answers) - CLOSERS
    for partition, stamp, answer in answers:
        assert int(partition_of(np.array([answer.user]), PARTITIONS)[0]) == partition
        assert answer.time // 10**6 == stamp


@pytest.mark.parametrize("option", ["--days", "--lines-per-day", "--users", "--movies"])
def test_produce_refuses_nonsense_by_name(option):
    with pytest.raises(BadInput, match=option):
        produce.parse(["--bootstrap", "x", "--first-day", "2026-11-01", option, "0"])


def test_an_unknown_broker_is_named(monkeypatch):
    monkeypatch.setattr("infra.simulator.sender.ANSWER_SECONDS", 0.3)
    nowhere = f"127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match=nowhere):
        Sender(KafkaSettings((nowhere,)), "movielog")


def test_the_sender_takes_all_of_kafka_s_settings_and_not_the_address_alone(monkeypatch):
    given = {}
    monkeypatch.setattr(sender_module, "Producer", given.update)
    monkeypatch.setattr(sender_module, "enter", lambda kafka, seconds: None)
    monkeypatch.setattr(Sender, "_count_partitions", lambda self, address: 1)
    kafka = KafkaSettings(
        ("a:1",), security_protocol="SASL_SSL", sasl_username="u", sasl_password="p"
    )
    Sender(kafka, "t")
    assert kafka.for_librdkafka().items() <= given.items()


def test_lines_that_a_broker_did_not_take_are_an_error(monkeypatch):
    monkeypatch.setitem(sender_module.OPTIONS, "message.timeout.ms", 500)
    monkeypatch.setattr(sender_module, "FLUSH_SECONDS", 3)
    cluster = MockCluster(["t"], 1)
    sender = Sender(KafkaSettings((cluster.address,)), "t")
    cluster.close()
    sender.send(b"lost", 0, 0)
    with pytest.raises(Unavailable, match=r"'t' (was|were) not delivered"):  # told, or counted
        sender.flush()


# live


@pytest.fixture
def serve():
    """Start a stub service that answers with what a function of the user gives."""
    servers = []

    def start(answer, status=200, model=None):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                user = int(self.path.rsplit("/", 1)[1])
                body = answer(user).encode()
                self.send_response(status)
                if model:
                    self.send_header("X-Model", model(user))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def taste_lists(sign):
    """Answers with the movies that a user likes most (sign 1) or least (−1)."""
    world = make_world(3, users=60, movies=90)
    liking = sign * world.liking(np.arange(60))
    rows = {user: row for row, user in enumerate(world.users.tolist())}

    def answer(user):
        best = np.argsort(-liking[rows.get(user, 0)], kind="stable")[:20]
        return ",".join(world.movies[k] for k in best)

    return answer


def test_users_live_and_better_lists_convert_more(address, capsys, serve):
    good, bad = serve(taste_lists(1)), serve(taste_lists(-1))
    command = ["--bootstrap", address, "--topic", "live", *WORLD, "--seconds", "4"]
    command += ["--requests-per-second", "150"]
    live.main([*command, "--service", f"svd={good}", "--service", f"svdpp={bad}"])
    counts = last_line(capsys)
    found = held(address, "live", PARTITIONS)
    events = events_of(found)
    kinds = Counter(type(event) for event in events)
    assert kinds[BadLine] == 0
    assert counts["failures"] == 0
    assert sum(counts["models"].values()) == counts["requests"]
    assert set(counts["models"]) == {"svd", "svdpp"}, "who names no version goes by the arm"
    assert [counts[name] for name in ("requests", "watches", "ratings", "accounts")] == [
        kinds[kind] for kind in (Request, Watch, Rating, Account)
    ]
    assert counts["requests"] > 100 < counts["watches"] and counts["ratings"] > 5
    watched, asked = {good: 0, bad: 0}, {good: 0, bad: 0}
    arms = {"svd": good, "svdpp": bad}
    dealt = load_section(Path("params.yaml"), "routing", routing.Routing)
    for partition, lines in found.items():
        offered = {}
        for _, line in lines:
            event = parse(line)
            assert int(partition_of(np.array([event.user]), PARTITIONS)[0]) == partition
            url = arms[routing.arm(event.user, dealt.salt, dealt.weights)]
            if isinstance(event, Request):
                assert event.text.startswith(url.removeprefix("http://"))  # stably one arm
                asked[url] += 1
                offered[event.user] = event
            elif isinstance(event, Watch) and event.minute == 0:
                assert event.time >= offered[event.user].time  # after the request
                watched[url] += event.movie in offered[event.user].text
    assert watched[good] / asked[good] > 2 * watched[bad] / asked[bad]


def test_the_router_alone_is_asked_and_the_answer_says_whose_it_is(address, capsys, serve):
    """The router deals users; each answer names the model that gave it."""
    router = serve(taste_lists(1), model=lambda user: f"{'svd' if user % 2 else 'svdpp'}@v1")
    command = ["--bootstrap", address, "--topic", "routed", *WORLD, "--seconds", "2"]
    live.main([*command, "--requests-per-second", "100", "--router", router])
    counts = last_line(capsys)
    requests = [e for e in events_of(held(address, "routed", PARTITIONS)) if isinstance(e, Request)]
    asked = Counter(f"{'svd' if e.user % 2 else 'svdpp'}@v1" for e in requests)
    assert counts["models"] == asked and set(asked) == {"svd@v1", "svdpp@v1"}
    host = router.removeprefix("http://")
    assert all(event.text.startswith(host) for event in requests)


def test_an_arm_that_params_do_not_know_is_named(address):
    command = ["--bootstrap", address, "--topic", "live", *WORLD, "--service", "c=http://a:1"]
    with pytest.raises(BadInput, match=r"params\.yaml: routing: weights: none of c"):
        live.main(command)


def test_a_malformed_router_is_named(address):
    command = ["--bootstrap", address, "--topic", "live", *WORLD, "--router", "svd=http://a:1"]
    with pytest.raises(BadInput, match="--router 'svd=http://a:1': expected http://host:port"):
        live.main(command)


def test_a_service_that_never_answers_is_named(address, serve):
    good = serve(taste_lists(1))
    dead = f"http://127.0.0.1:{free_port()}"
    command = ["--bootstrap", address, "--topic", "live", *WORLD, "--seconds", "1"]
    command += ["--service", f"svd={good}", "--service", f"svdpp={dead}"]
    with pytest.raises(Unavailable, match=r"'svdpp' never answered.*refused"):
        live.main(command)


@pytest.mark.parametrize("text", ["svd", "svd=", "=http://a:1", "svd=ftp://a:1", "svd=http://a:b"])
def test_a_malformed_service_is_named(text):
    with pytest.raises(BadInput, match="ARM=http://host:port"):
        live.service_of(text)


# replay


def test_a_replay_sends_watches_then_the_rating_in_order(address, capsys, tmp_path):
    ratings = tmp_path / "ratings.dat"
    ratings.write_text("1::10::7::1365029107\n2::10::8::1366576639\n1::11::0::1364690142\n")
    command = ["--bootstrap", address, "--topic", "replay", "--ratings", str(ratings)]
    replay.main([*command, "--scale", "0", "10", "--compress-days", "2"])
    sent = 3 * (replay.MINUTES + 1) + replay.TAIL_LINES
    assert last_line(capsys) == {"lines": sent, "ratings": 3, "users": 2, "scale": [0, 10]}
    assert CollectorSettings.evidence_lines < replay.TAIL_LINES, "else the last day stays open"
    found = held(address, "replay", PARTITIONS)
    events = sorted(events_of(found), key=lambda event: event.time)
    rated = [(e.user, e.movie, e.text) for e in events if isinstance(e, Rating)]
    assert rated == [(1, "11", "0"), (1, "10", "7"), (2, "10", "8")]  # in order of time
    for user, movie, _ in rated:
        own = [e for e in events if getattr(e, "movie", "") == movie and e.user == user]
        assert [type(e) for e in own] == [Watch] * replay.MINUTES + [Rating]
    days = {line[:10] for lines in found.values() for _, line in lines}
    assert days == {b"2026-11-01", b"2026-11-02", b"2026-11-03"}  # the last one is the tail
    for lines in found.values():
        for timestamp, line in lines:
            assert parse(line).time // 10**6 == timestamp


def test_nothing_of_a_malformed_file_is_sent(tmp_path):
    ratings = tmp_path / "ratings.dat"
    ratings.write_text("1::10::7::1365029107\n2::10::eight::1366576639\n")
    cluster = MockCluster(["bad"], 1)
    try:
        command = ["--bootstrap", cluster.address, "--topic", "bad", "--ratings", str(ratings)]
        with pytest.raises(BadInput, match=r"ratings\.dat: line 2, .*: the rating 'eight'"):
            replay.main(command)
        assert held(cluster.address, "bad", 1) == {0: []}
    finally:
        cluster.close()


def test_a_table_with_ids_in_letters_goes_through_and_the_map_is_kept(address, capsys, tmp_path):
    table = tmp_path / "books.csv"
    table.write_text('"User";"ISBN";"Book-Rating"\n"A1";"034X";"8"\n"1";"B";"0"\n"A1";"B";"9,5"\n')
    command = ["--bootstrap", address, "--topic", "letters", "--ratings", str(table), "--zeros"]
    command += ["implicit", "--ids", str(tmp_path / "ids"), "--scale", "1", "10"]
    with pytest.raises(BadInput, match="without times --compress-days must say their days"):
        replay.main(command)
    replay.main([*command, "--compress-days", "2"])
    assert last_line(capsys)["ratings"] == 2
    events = sorted(events_of(held(address, "letters", PARTITIONS)), key=lambda event: event.time)
    rated = [(e.user, e.movie, e.text) for e in events if isinstance(e, Rating)]
    assert rated == [(2, "034x", "8"), (2, "b", "9.5")]
    watched = [(e.user, e.movie) for e in events if isinstance(e, Watch) and e.minute == 0]
    assert watched == [(2, "034x"), (1, "b"), (2, "b")], "the zero was watched and not rated"
    assert (tmp_path / "ids/users.csv").read_text() == "log,file\n2,A1\n"
    assert (tmp_path / "ids/movies.csv").read_text() == "log,file\n034x,034X\nb,B\n"


def test_a_check_says_what_a_table_is_and_sends_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(replay, "Sender", None)
    path = tmp_path / "u.data"
    path.write_text("196\t242\t3\t881250949\n")
    assert replay.main(["--ratings", str(path), "--check", "--scale", "1", "5"]) == 0
    assert "separated by tab" in capsys.readouterr().out
    path.write_text("196\t242\t7\t881250949\n")
    with pytest.raises(BadInput, match=r"line 1, .*: rating 7 is outside the scale 1 to 5"):
        replay.main(["--ratings", str(path), "--check", "--scale", "1", "5"])


def test_a_scale_that_is_not_given_is_the_table_s_own_and_said(address, capsys, tmp_path):
    path = tmp_path / "u.data"
    path.write_text("196\t242\t3\t881250949\n1\t242\t7\t881250950\n")
    replay.main(["--bootstrap", address, "--topic", "again", "--ratings", str(path)])
    said = capsys.readouterr().out
    assert "scale: 3 to 7, the file's lowest rating (of 1 rows)" in said
    assert json.loads(said.splitlines()[-1])["scale"] == [3, 7]


class Lines:
    """Takes what a replay sends."""

    partitions = 2

    def __init__(self):
        self.sent = []

    def send(self, line, partition, timestamp_ms):
        self.sent.append(line)


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_lines_are_in_order_however_many_are_made_at_a_time(tmp_path, monkeypatch, at_once):
    chance = random.Random(3)
    path = tmp_path / "ratings.dat"
    rows = [(chance.randrange(5), chance.randrange(9), n % 5, 180 + n // 7 * 40) for n in range(99)]
    chance.shuffle(rows)
    path.write_text("".join(f"{u}::{m}::{r}::{t}\n" for u, m, r, t in rows))
    monkeypatch.setattr(replay, "AT_ONCE", at_once)
    topic = Lines()
    ratings = read_ratings(path)
    lines = replay.send(topic, ratings, ratings.times)
    assert lines == len(topic.sent) == 4 * 99 + replay.TAIL_LINES
    wanted = sorted(
        (t - 60 * (3 - minute), t, row, minute, u, str(m), r)
        for row, (u, m, r, t) in enumerate(rows)
        for minute in range(4)
    )
    events = [parse(line) for line in topic.sent[: 4 * 99]]
    assert [(e.time // 10**9, e.user, e.movie) for e in events] == [
        (second, user, movie) for second, _, _, _, user, movie, _ in wanted
    ]
    assert [e.minute if isinstance(e, Watch) else (3, e.rating) for e in events] == [
        minute if minute < 3 else (3, rating) for _, _, _, minute, _, _, rating in wanted
    ]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]])
def test_re_ratings_that_fall_into_one_second_keep_their_order(tmp_path, order):
    """3,000,000 times faster, the two ratings of (1, 10) are of one second; the later one is 5,
    wherever it stands in the file, and is what a model learns from."""
    lines = ["1::10::5::1000000600", "1::10::2::1000000000"]
    lines += ["2::10::4::400000000", "2::11::3::1400000000"]
    path = tmp_path / "ratings.dat"
    path.write_text("".join(lines[k] + "\n" for k in order))
    ratings = read_ratings(path)
    times = replay.compressed(ratings.times, day_number(FIRST_DAY), 3)
    assert len(set(times[ratings.times // 1000 == 1000000])) == 1, "of one second"
    topic = Lines()
    replay.send(topic, ratings, times)
    rated = [(e.movie, e.text) for e in map(parse, topic.sent) if isinstance(e, Rating)]
    assert [text for movie, text in rated if movie == "10"] == ["4", "2", "5"]
    rows = [line for line in topic.sent if not isinstance(parse(line), Account)]
    days = [[line for line in rows if line[9:10] == b"%d" % day] for day in (1, 2, 3)]
    parts = [aggregate_day(stored(of_day), day_start(day))[0] for day, of_day in enumerate(days)]
    [(_, _, found, _)] = Window.of(parts).blocks()
    last = found.last()
    assert last.rating[(last.u == 0) & (last.i == 0)].tolist() == [5.0]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            "1::122::5::400\n1::123::5::0\n2::122::4::0\n",
            "line 2, .*: time 0 cannot be sent: the 3 m",
        ),
        ("1::122::5::179\n", "watched before it lie before 1970"),
        ("1::2::3::9214646400\n", "line 1, .*: the log's times end with 2261-12-31"),
        ("1::2::3::9214560000\n", "line 1, .*: the log's times end with 2261-12-31"),
        (
            "userId,movieId,rating,timestamp\n1,2,3,400\n1,2,3,9214646400\n",
            "line 3.*time 9214646400",
        ),
    ],
)
def test_times_that_the_collector_would_refuse_are_refused_before_anything_is_sent(
    tmp_path, monkeypatch, lines, reason
):
    monkeypatch.setattr(replay, "Sender", None)
    path = tmp_path / "ratings.dat"
    path.write_text(lines)
    with pytest.raises(BadInput, match=rf"ratings\.dat: .*{reason}"):
        replay.main(["--bootstrap", "127.0.0.1:1", "--ratings", str(path), "--scale", "1", "5"])


def test_the_first_and_the_last_second_that_pass_are_good_lines(tmp_path):
    path = tmp_path / "ratings.dat"
    path.write_text("1::122::5::180\n1::123::5::9214559999\n")
    ratings, lines = read_ratings(path), Lines()
    replay.refuse_outside(ratings, ratings.times)
    replay.send(lines, ratings, ratings.times)
    assert not [line for line in lines.sent if isinstance(parse(line), BadLine)]


@pytest.mark.parametrize(
    "options",
    [
        ["--first-day", "2026-W05-1"],
        ["--first-day", "2261-12-30", "--compress-days", "2"],
        ["--compress-days", "10001"],
        ["--compress-days", "-1"],
    ],
)
def test_replay_refuses_days_that_no_log_has(options):
    with pytest.raises(BadInput, match=r"--first-day|--compress-days|go past 2261-12-31"):
        replay.parse(["--bootstrap", "x", "--ratings", "r", *options])


def test_produce_refuses_days_that_no_log_has():
    for first, days in [("2026-W05-1", "1"), ("1969-12-31", "1"), ("2261-12-31", "1")]:
        with pytest.raises(BadInput, match=r"--first-day|go past 2261-12-31"):
            produce.parse(["--bootstrap", "x", "--first-day", first, "--days", days])
