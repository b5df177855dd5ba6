"""The importer of collected files, on made-up rows: no figure below is a real one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from forecasting.data.importers.collected import HEADER, Mapping, load_mapping, read_collected, write
from forecasting.errors import ConfigError, DataError, InputMissing

SALES = """\
date,frequency,series,value,unit,source_id,note,vintage
2024-01-01,M,made_up_all,100,vehicles,PAPER_A,,2024-02
2024-01-01,M,made_up_part,60,vehicles,PAPER_A,,2024-02-05
2024-02-01,M,made_up_all,100,vehicles,PAPER_A,,2024-03-05
2024-02-01,M,made_up_part,160,vehicles,PAPER_A,,2024-03-05
2024-02-01,M,made_up_part,61,vehicles,PAPER_B,year-ago figure,2025-03-05
2024-03-01,M,made_up_part,7,vehicles,PAPER_C,,
2023-12-01,M,made_up_noise,1,vehicles,PAPER_A,,
"""
TRADE = """\
date,frequency,series,value,unit,source_id,note
2025-03-31,fiscal_year,made_up_trade,1.5,million units,PAPER_C,made up
"""
MAPPING = """\
frequencies: {M: month, fiscal_year: FY}
units:
  vehicles: {unit: vehicles}
  million units: {unit: units, scale: "1000000"}
files:
  sales/monthly.csv:
    group: ev_sales
    dates: start
    defaults: {lag_days: 7}
    series:
      made_up_all: {series: x.all}
      made_up_part:
        - {says: year-ago, series: x.part, source: "{source}.year_ago"}
        - {sources: [PAPER_C], series: x.part, status: provisional, remark: half a month}
        - {series: x.part}
    left_out:
      made_up_n*: noise
  trade.csv:
    group: drivers
    dates: end
    series:
      made_up_trade: {series: x.trade.fy, status: estimate}
differences:
  x.rest:
    {group: ev_sales, total: x.all, less: [x.part], most: 0.9, bases: [{source: rest.a, sources: [paper_a]}]}
"""


@pytest.fixture
def collected(tmp_path: Path) -> Path:
    folder = tmp_path / "collected"
    (folder / "sales").mkdir(parents=True)
    (folder / "sales" / "monthly.csv").write_text(SALES)
    (folder / "trade.csv").write_text(TRADE)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    (tmp_path / "sources.yaml").write_text("sources: {paper_c: {published: 2025-05-01}}")
    return folder


@pytest.fixture
def mapping(collected: Path) -> Mapping:
    return load_mapping(collected.parent / "mapping.yaml")


def remade(collected: Path, change: str, into: str) -> Mapping:
    assert change in MAPPING
    path = collected.parent / "mapping.yaml"
    path.write_text(MAPPING.replace(change, into))
    return load_mapping(path)


def row(frame: pd.DataFrame, series: str, period: str, source: str) -> dict[str, object]:
    found = frame[(frame.series == series) & (frame.period == period) & (frame.source == source)]
    assert len(found) == 1
    return dict(found.iloc[0])


def test_a_start_dated_month_and_an_end_dated_fiscal_year(collected: Path, mapping: Mapping) -> None:
    frame = read_collected(collected, mapping)
    assert row(frame, "x.all", "2024-01", "paper_a")["value"] == 100
    trade = row(frame, "x.trade.fy", "FY2025", "paper_c")
    assert (trade["value"], trade["unit"], trade["status"]) == (1_500_000, "units", "estimate")


def test_when_a_figure_became_known(collected: Path, mapping: Mapping) -> None:
    frame = read_collected(collected, mapping)
    only_month = row(frame, "x.all", "2024-01", "paper_a")
    assert (only_month["available_at"], only_month["note"]) == ("2024-02-29", "availability assumed")
    assert row(frame, "x.part", "2024-01", "paper_a")["available_at"] == "2024-02-05"
    by_source = row(frame, "x.part", "2024-03", "paper_c")
    assert (by_source["available_at"], by_source["note"]) == ("2025-05-01", "half a month")
    (collected.parent / "sources.yaml").write_text("sources: {}")
    frame = read_collected(collected, load_mapping(collected.parent / "mapping.yaml"))
    by_lag = row(frame, "x.part", "2024-03", "paper_c")
    assert (by_lag["available_at"], by_lag["note"]) == ("2024-04-07", "availability assumed; half a month")


def test_rivals_from_one_article_get_their_own_source(collected: Path, mapping: Mapping) -> None:
    frame = read_collected(collected, mapping)
    assert row(frame, "x.part", "2024-02", "paper_b.year_ago")["value"] == 61


def test_a_remainder_is_taken_within_one_source_and_never_when_negative(
    collected: Path, mapping: Mapping
) -> None:
    frame = read_collected(collected, mapping)
    rest = frame[frame.series == "x.rest"]
    assert rest[["period", "value", "status", "available_at"]].values.tolist() == [
        ["2024-01", 40.0, "derived", "2024-02-29"]
    ]
    assert str(rest.iloc[0]["note"]).startswith("availability assumed; ")


def test_an_unnamed_series_is_an_error_with_the_nearest_name(collected: Path) -> None:
    mapping = remade(collected, "made_up_all: {series: x.all}", "made_up_al: {series: x.all}")
    with pytest.raises(DataError, match=r"does not name 'made_up_all'.*did you mean 'made_up_al'"):
        read_collected(collected, mapping)


def test_an_unnamed_file_and_a_missing_file_are_both_reported(collected: Path, mapping: Mapping) -> None:
    (collected / "trade.csv").rename(collected / "trades.csv")
    with pytest.raises(DataError) as caught:
        read_collected(collected, mapping)
    assert [fault.where for fault in caught.value.faults] == ["trade.csv", "trades.csv"]


@pytest.mark.parametrize(
    ("change", "into", "said"),
    [
        ("dates: end", "dates: start", "not the start of a FY period"),
        ("million units: {", "million: {", "unit 'million units'"),
        ("fiscal_year: FY", "fiscal: FY", "frequency 'fiscal_year'"),
        ('source: "{source}.year_ago"', "source: paper_a, known: {2024-02: 2024-03-05}", "two figures"),
        ("made_up_trade: {series: x.trade.fy", "made_up_trade: {series: x.all", "more than one unit"),
        ("sources: [PAPER_C], series", "sources: [PAPER_C], last: '2020-01-01', series", ""),
    ],
)
def test_a_broken_mapping_says_what_is_wrong(collected: Path, change: str, into: str, said: str) -> None:
    mapping = remade(collected, change, into)
    if said:
        with pytest.raises(DataError, match=said):
            read_collected(collected, mapping)
    else:
        assert row(read_collected(collected, mapping), "x.part", "2024-03", "paper_c")["status"] == "actual"


def test_a_rule_must_decide(collected: Path) -> None:
    with pytest.raises(ConfigError, match="left_out"):
        remade(collected, "made_up_all: {series: x.all}", "made_up_all: {status: actual}")


def test_a_missing_folder(tmp_path: Path, mapping: Mapping) -> None:
    with pytest.raises(InputMissing):
        read_collected(tmp_path / "nowhere", mapping)


def test_the_written_form_is_canonical(collected: Path, mapping: Mapping, tmp_path: Path) -> None:
    frame = read_collected(collected, mapping)
    first = {path.name: path.read_bytes() for path in write(frame, tmp_path / "one")}
    shuffled = frame.sample(frac=1, random_state=1)
    assert first == {path.name: path.read_bytes() for path in write(shuffled, tmp_path / "two")}
    assert sorted(first) == ["drivers.csv", "ev_sales.csv"]
    lines = first["drivers.csv"].decode().splitlines()
    assert lines == [
        ",".join(HEADER),
        "FY2025,x.trade.fy,1500000,units,paper_c,estimate,2025-05-01,made up",
    ]
    assert b"\r" not in first["ev_sales.csv"]


def test_the_project_mapping_takes_only_series_of_the_catalogue(data_folder: Path) -> None:
    mapping = load_mapping(data_folder / "mapping.yaml")
    taken = {
        rule.series: (file.group, rule.unit or None)
        for file in mapping.files.values()
        for rules in file.series.values()
        for rule in rules
        if rule.series is not None
    }
    catalogue = yaml.safe_load((data_folder / "series.yaml").read_text())["series"]
    assert sorted(set(taken) - set(catalogue)) == []
    assert {name: group for name, (group, _) in taken.items()} == {
        name: catalogue[name]["group"] for name in taken
    }


def test_the_project_observations_are_in_canonical_form(data_folder: Path, tmp_path: Path) -> None:
    for path in sorted((data_folder / "observations").glob("*.csv")):
        frame = pd.read_csv(path, keep_default_na=False).assign(group=path.stem)
        assert write(frame, tmp_path)[0].read_bytes() == path.read_bytes()
