"""The examples of docs/scheduling hold: systemd accepts its units, Kubernetes' and Prometheus' rules are kept."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from forecasting.catalogue import Catalogue
from forecasting.errors import ForecastingError, Locked, OutOfTime, ServiceAway
from forecasting.publishing import metrics
from forecasting.publishing.candidate import Objection, State
from tests.conftest import ROOT
from tests.servers import missing

EXAMPLES = ROOT / "docs" / "scheduling"
COMMAND = Path(sys.executable).parent / "forecast"


def analyzed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = shutil.which("systemd-analyze")
    if command is None:
        missing("no systemd-analyze on this machine: install systemd; THE UNITS WERE NOT VERIFIED")
    assert command is not None
    return subprocess.run(
        [command, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=folder
    )


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with this environment's forecast in place of the installed one."""
    for path in [*EXAMPLES.glob("*.service"), *EXAMPLES.glob("*.timer")]:
        text = path.read_text().replace("/srv/forecast/.venv/bin/forecast", str(COMMAND))
        (tmp_path / path.name).write_text(text)
    return tmp_path


def test_systemd_accepts_the_units(units: Path) -> None:
    names = ["forecast-publish.timer", "forecast-publish.service", "forecast-alert@x.service"]
    done = analyzed(units, "verify", *(str(units / name) for name in names))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_rates_the_service_as_little_exposed(units: Path) -> None:
    done = analyzed(
        units, "security", "--offline=true", "--threshold=20", str(units / "forecast-publish.service")
    )
    assert done.returncode == 0, done.stdout[-300:]


def test_systemd_finds_a_unit_that_is_wrong(units: Path) -> None:
    path = units / "forecast-publish.service"
    path.write_text(path.read_text().replace("OnFailure=", "OnFailur="))
    assert "OnFailur" in analyzed(units, "verify", str(path)).stderr


def test_a_fit_killed_for_memory_does_not_end_the_run() -> None:
    lines = (EXAMPLES / "forecast-publish.service").read_text().splitlines()
    assert "OOMPolicy=continue" in lines
    assert any(line.startswith("MemoryMax=") for line in lines)


def release_day() -> int:
    return Catalogue.read(ROOT / "data").publication.release_calendar.day


def test_every_schedule_is_that_of_the_release_calendar(units: Path) -> None:
    crontab = [line for line in (EXAMPLES / "crontab").read_text().splitlines() if line[:1].isdigit()]
    (line,) = crontab
    minute, hour, days, *_ = line.split()
    assert (int(days.split("-")[0]), minute, hour) == (release_day(), "30", "9")
    job = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text())
    assert job["spec"]["schedule"] == " ".join(line.split()[:5])
    timer = (units / "forecast-publish.timer").read_text()
    found = re.search(r"^OnCalendar=(.*)$", timer, re.MULTILINE)
    assert found is not None
    assert f"*-*-{release_day()}..23 09:30:00" in found[1]
    assert analyzed(units, "calendar", found[1]).returncode == 0


@pytest.mark.parametrize("name", ["crontab", "forecast-publish.service", "Containerfile", "cronjob.yaml"])
def test_every_example_runs_a_command_that_exists(name: str, tmp_path: Path) -> None:
    text = (EXAMPLES / name).read_text()
    options = set(re.findall(r"--(?:deadline|out|log-json)\b", text))
    assert "publish" in text
    done = subprocess.run(
        [COMMAND, "publish", "--help"], capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert options
    assert all(option in done.stdout for option in options)
    seconds = re.search(r"--deadline\W+(\d+)", text)
    assert seconds is not None
    limits = {"forecast-publish.service": 15 * 60, "cronjob.yaml": 1800}
    assert int(seconds[1]) < limits.get(name, 10**6)


def test_the_crontab_is_one_cron_accepts() -> None:
    for line in (EXAMPLES / "crontab").read_text().splitlines():
        assert re.fullmatch(r"#.*||[A-Z_]+=\S+|(?:[\d*,/-]+ ){5}\S.*", line), line
        assert "%" not in line  # cron takes it for a line break


CONTAINER = {"name", "image", "args", "envFrom", "resources", "securityContext", "volumeMounts"}
POD = {
    "restartPolicy", "automountServiceAccountToken", "terminationGracePeriodSeconds", "securityContext",
    "containers", "volumes",
}  # fmt: skip
JOB = {"activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "podFailurePolicy", "template"}
CRON = {
    "schedule", "timeZone", "concurrencyPolicy", "startingDeadlineSeconds", "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit", "jobTemplate",
}  # fmt: skip


def test_the_cron_job_keeps_to_the_fields_of_batch_v1() -> None:
    made = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text())
    assert (made["apiVersion"], made["kind"]) == ("batch/v1", "CronJob")
    cron = made["spec"]
    job = cron["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    for given, known in [(cron, CRON), (job, JOB), (pod, POD), (container, CONTAINER)]:
        assert set(given) == known
    assert cron["concurrencyPolicy"] == "Forbid"
    assert pod["restartPolicy"] == "Never"  # a pod failure policy needs it
    deadline = int(container["args"][container["args"].index("--deadline") + 1])
    assert deadline < job["activeDeadlineSeconds"]
    for rule in job["podFailurePolicy"]["rules"]:
        assert rule["action"] in ("FailJob", "Ignore", "Count")
        assert ("onExitCodes" in rule) != ("onPodConditions" in rule)
        codes = rule.get("onExitCodes")
        assert codes is None or (codes["containerName"] == container["name"] and 0 not in codes["values"])
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounted = {one["name"] for one in container["volumeMounts"]}
    assert mounted == {one["name"] for one in pod["volumes"]}
    assert not [one for one in container["image"].split(":")[-1:] if one in ("latest", container["image"])]


def test_systemd_and_kubernetes_try_the_same_again() -> None:
    unit = (EXAMPLES / "forecast-publish.service").read_text()
    (stopped,) = re.findall(r"^RestartPreventExitStatus=(.*)$", unit, re.MULTILINE)
    job = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text())["spec"]["jobTemplate"]["spec"]
    (failed,) = [
        rule["onExitCodes"]["values"] for rule in job["podFailurePolicy"]["rules"] if "onExitCodes" in rule
    ]
    assert {int(code) for code in stopped.split()} | {3} == set(failed)  # 3: a success for systemd
    codes = {kind.exit_code for kind in every(ForecastingError)}
    assert (codes | {3}) - set(failed) == {ServiceAway.exit_code, Locked.exit_code, OutOfTime.exit_code}


def every(kind: type[ForecastingError]) -> list[type[ForecastingError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in every(below))]


def test_the_image_runs_without_root_and_installs_by_hash() -> None:
    lines = [
        line.split(maxsplit=1)
        for line in (EXAMPLES / "Containerfile").read_text().replace("\\\n", " ").splitlines()
        if line and not line.startswith("#")
    ]
    known = {"FROM", "ENV", "RUN", "COPY", "WORKDIR", "USER", "VOLUME", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in lines} <= known
    last = max(place for place, (name, _) in enumerate(lines) if name == "FROM")
    users = [value for name, value in lines[last:] if name == "USER"]
    assert users == ["10001:10001"]
    installs = [value for name, value in lines if name == "RUN" and "pip install" in value]
    assert all("--require-hashes" in one or "--no-deps" in one for one in installs)
    for name, value in lines:
        if name == "COPY" and "--from" not in value:
            *sources, _ = value.split()
            assert all((ROOT / source).exists() for source in sources)


def rules() -> list[dict[str, Any]]:
    content = yaml.safe_load((EXAMPLES / "alerts.yml").read_text())
    assert set(content) == {"groups"}
    (group,) = content["groups"]
    assert set(group) == {"name", "rules"}
    return list(group["rules"])


def test_every_rule_is_one_prometheus_knows_and_names_metrics_the_job_writes(tmp_path: Path) -> None:
    (tmp_path / "MANIFEST.json").write_text("{}")
    attempt = metrics.Attempt(
        code=0,
        states={"in.one": State("in.one", "ok", "drift")},
        objections=(Objection("finite", "block", "x", "in.one"),),
        edition=tmp_path,
    )
    metrics.write(tmp_path, attempt)
    text = (tmp_path / metrics.FILE).read_text()
    written = {sample.name for one in text_string_to_metric_families(text) for sample in one.samples}
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert {"alert", "expr", "labels", "annotations"} <= set(rule) <= {
            "alert", "expr", "for", "labels", "annotations",
        }  # fmt: skip
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "description"}
        used = set(re.findall(r"forecast_[a-z_]+", rule["expr"]))
        assert used
        assert used <= written
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_held_back_and_degraded_and_silence_alert() -> None:
    of = {rule["alert"]: rule for rule in rules()}
    assert of["ForecastHeldBack"]["expr"] == "forecast_last_exit_code == 4"
    assert of["ForecastDegraded"]["expr"] == "forecast_last_exit_code == 3"
    assert "time() - forecast_last_success_timestamp_seconds >" in of["ForecastNotPublished"]["expr"]
    assert f"day_of_month() == {release_day()}" in of["ForecastReleaseDayMissed"]["expr"]
