"""Alerts and dashboard ask for what the server measures, and say what to do."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import grpc
import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from countersign_server.execution.lifecycle import CommandState

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"][0]["rules"]
DASHBOARD = json.loads((DEPLOY / "grafana/countersign.json").read_text())
SERVER = PROJECT / "server/countersign_server"
SUFFIXES = {Counter: ("_total",), Gauge: ("",), Histogram: ("_bucket", "_sum", "_count")}
# Of the query language, and what Prometheus measures of its own.
WORDS = {
    *("by", "histogram_quantile", "increase", "le", "max", "min", "rate", "sum", "time", "topk"),
    "up",
}


def measured() -> dict[str, set[str]]:
    """The names under which the server's measures are scraped, with their labels."""
    areas = sorted(path.parent.name for path in SERVER.glob("*/measures.py"))
    modules = [import_module(f"countersign_server.{area}.measures") for area in areas]
    measures = [one for module in modules for one in vars(module).values()]
    found: dict[str, set[str]] = {}
    for one in measures:
        if isinstance(one, Counter | Gauge | Histogram):
            (metric,) = one.describe()
            for suffix in SUFFIXES[type(one)]:
                found[f"{metric.name}{suffix}"] = {*one._labelnames}  # noqa: SLF001  # told nowhere else  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
    return found


def questions() -> Iterator[tuple[str, str]]:
    for rule in ALERTS:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]


QUESTIONS = [pytest.param(text, id=name) for name, text in questions()]


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_asked_for_is_measured_with_the_labels_that_are_named(question: str) -> None:
    selectors = dict(re.findall(r"([a-z_]+)\{([^}]*)\}", question))
    assert question.count("(") == question.count(")")
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", "", question)
    grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", bare))))
    names = set(re.findall(r"[a-z][a-z_]+", bare)) - WORDS - grouped
    known = measured()

    assert names <= set(known)
    assert names or "up" in question
    for name in names:
        asked = set(re.findall(r"(\w+)\s*[!=~]", selectors.get(name, ""))) | grouped - {"le"}
        assert asked <= known[name]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_value_that_is_asked_for_is_one_that_is_counted(question: str) -> None:
    values = {
        "state": set(CommandState),
        "code": {code.name for code in grpc.StatusCode},
        "outcome": {"OK"},
    }
    for label, value in re.findall(r'(\w+)!?="([^"]*)"', question):
        assert label == "job" or value in values[label]


def test_every_alert_says_what_it_means_what_to_do_and_how_bad_it_is() -> None:
    for rule in ALERTS:
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["action"].endswith(".")
        assert rule["labels"]["severity"] in ("critical", "warning")
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)


def test_prometheus_in_the_compose_file_reads_the_alerts() -> None:
    configuration = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())
    compose = (DEPLOY / "compose.yaml").read_text()

    (path,) = configuration["rule_files"]
    assert f"./alerts.yaml:{path}:ro" in compose


def test_every_panel_says_what_it_shows() -> None:
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["targets"]
