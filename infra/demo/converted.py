"""What the demo says of answers: how many converted, and whose do better."""

from typing import Any

from infra.demo.report import table


def conversions(report: dict[str, Any]) -> str:
    """What a report on answers says: conversion of each model, and which arm is better."""
    verdict = f"verdict, by {_users(report)} users: {report['experiment']['verdict']}"
    return f"{_conversions(report)}\n{verdict}"


def _conversions(report: dict[str, Any]) -> str:
    """Conversion per model with its interval, as a table."""
    rows = [
        [
            name,
            f"{measured['answers']:,}",
            f"{measured['conversions']:,}",
            f"{measured['conversion']:.3f}",
            f"[{measured['low']:.3f}, {measured['high']:.3f}]",
        ]
        for name, measured in report["models"].items()
    ]
    return table(["model", "answers", "conversions", "rate", "95 % interval"], rows)


def _users(report: dict[str, Any]) -> str:
    """How many users each arm answered."""
    arms = report["experiment"]["arms"].items()
    return " and ".join(f"{arm['users']:,} {name}" for name, arm in arms)
