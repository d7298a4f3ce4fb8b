"""The definitions of online evaluation, one line after the other: what the sums must say."""

import json
from collections import Counter, defaultdict

from movierec.lines.kinds import RATING, SERVED, WATCH
from movierec.times import DAY

SUMS = (
    "answers",
    "conversions",
    "minutes",
    "repeated",
    "ratings",
    "rating",
    "predicted",
    "squared",
)


class Plainly:
    """Of files, day number → rows as `rows` makes them; each day is judged beside the one before
    it. What is wanted is in `sums`, `listed`, `started`, `pending` and `watchers`."""

    def __init__(self, files, window, scale):
        self.window, self.scale = window, scale
        self.sums = defaultdict(Counter)  # (user, model, tier) → the sums
        self.listed, self.started, self.watchers = Counter(), Counter(), Counter()
        self.pending = Counter()
        for day in sorted(files):
            self.day(day, files.get(day - 1, []), files[day])

    def day(self, day, eve, own):
        answers = self.answers(eve, own)
        watches = [row for row in eve + own if row["kind"] == WATCH]
        firsts = {}
        for row in sorted(watches, key=lambda row: row["time"]):
            firsts.setdefault((row["user"], row["movie"]), row["time"])
        for movie, users in _watched(own).items():
            self.watchers[movie] += len(users) if len(users) > 1 else 0
        for n, answer in enumerate(answers):
            until = answer["time"] + self.window
            last = (day + 1) * DAY
            if answer["early"] and until < day * DAY:
                continue
            if not answer["early"] and until >= last:
                self.pending[answer["model"]] += 1
                continue
            self.judge(answers, n, firsts, watches)
        self.rate(answers, own)

    def answers(self, eve, own):
        """By user and time, each once."""
        seen, answers = set(), []
        for early, file in ((True, eve), (False, own)):
            for row in file:
                if row["kind"] != SERVED or (row["user"], row["time"], row["text"]) in seen:
                    continue
                seen.add((row["user"], row["time"], row["text"]))
                answers.append({**json.loads(row["text"]), "time": row["time"], "early": early})
        return sorted(answers, key=lambda answer: (answer["user"], answer["time"]))

    def latest(self, answers, user, time):
        before = [n for n, a in enumerate(answers) if a["user"] == user and a["time"] <= time]
        return max(before, default=None)

    def judge(self, answers, n, firsts, watches):
        answer = answers[n]
        user, until = answer["user"], answer["time"] + self.window
        sums = self.sums[user, answer["model"], answer["tier"]]
        sums["answers"] += 1
        before = answers[n - 1] if n and answers[n - 1]["user"] == user else None
        sums["repeated"] += before is not None and before["ids"] == answer["ids"]
        self.listed.update((answer["model"], movie) for movie in answer["ids"])
        led = [
            movie
            for (who, movie), time in firsts.items()
            if who == user and time <= until and self.latest(answers, user, time) == n
        ]
        self.started.update((answer["model"], movie) for movie in led)
        credited = set(led) & set(answer["ids"])
        sums["conversions"] += bool(credited)
        sums["minutes"] += len(
            {
                (row["movie"], row["minute"])
                for row in watches
                if row["user"] == user and row["movie"] in credited and row["time"] <= until
            }
        )

    def rate(self, answers, own):
        last = {}
        for row in own:
            value = float(row["text"]) if row["kind"] == RATING else None
            if value is not None and self.scale[0] <= value <= self.scale[1]:
                pair, told = (row["user"], row["movie"]), (row["time"], value)
                last[pair] = max(last.get(pair, told), told)
        for (user, movie), (time, value) in last.items():
            offers = [
                a
                for a in answers
                if a["user"] == user and 0 <= time - a["time"] <= DAY and movie in a["ids"]
            ]
            if offers:
                self.credit(offers[-1], movie, value)

    def credit(self, answer, movie, value):
        sums = self.sums[answer["user"], answer["model"], answer["tier"]]
        sums["ratings"] += 1
        sums["rating"] += round(value * 100)
        if "ratings" in answer:
            predicted = answer["ratings"][answer["ids"].index(movie)]
            sums["predicted"] += 1
            sums["squared"] += (round(predicted * 1000) - round(value * 1000)) ** 2


def _watched(rows):
    users = defaultdict(set)
    for row in rows:
        if row["kind"] == WATCH:
            users[row["movie"]].add(row["user"])
    return users
