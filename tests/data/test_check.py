"""Bad observations: every fault of a file at once, with its line, what was found and what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest

from forecasting.data.store import Store, believed
from forecasting.errors import DataError
from tests.conftest import TODAY

Lines = list[str]
FILE = "observations/ev_sales.csv"


def row_of(lines: Lines, series: str, period: str) -> int:
    return next(i for i, line in enumerate(lines) if line.startswith(f"{period},{series},"))


def with_field(line: str, column: int, value: str) -> str:
    fields = line.split(",")
    fields[column] = value
    return ",".join(fields)


def at(column: int, value: str) -> Callable[[Lines], Lines]:
    def change(lines: Lines) -> Lines:
        i = row_of(lines, "in.ev.2w", "2020-06")
        return [*lines[:i], with_field(lines[i], column, value), *lines[i + 1 :]]

    return change


def duplicated(lines: Lines) -> Lines:
    i = row_of(lines, "in.ev.2w", "2020-06")
    return [*lines[:i], lines[i], *lines[i:]]


CASES: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "missing column": (
        lambda lines: [line.rsplit(",", 1)[0] for line in lines[:50]],
        "column 'note' is missing",
    ),
    "text in a number": (at(2, "many"), "value 'many' is not a number; write a plain decimal number"),
    "thousands separator": (at(2, '"53,748"'), "value '53,748' has a thousands separator; write 53748"),
    "lakh grouping": (at(2, '"1,00,000"'), "value '1,00,000' has a thousands separator; write 100000"),
    "duplicate period": (duplicated, "stands twice (also line"),
    "wrong unit": (at(3, "t magnet"), "unit 't magnet', the catalogue says 'vehicles'"),
    "unknown series": (at(1, "in.ev.buss"), "unknown series 'in.ev.buss'; did you mean 'in.ev.bus'?"),
    "unknown source": (
        at(4, "vahan_cat_0125"),
        "unknown source 'vahan_cat_0125'; did you mean 'vahan_cat_0124'?",
    ),
    "a zero byte": (at(7, "x\x00"), "this is UTF-16 or binary, not UTF-8 text"),
    "unknown status": (at(5, "actuall"), "unknown status 'actuall'; did you mean 'actual'?"),
    "fiscal year among months": (at(0, "FY2020"), "FY2020 is a FY period, in.ev.2w is kept by month"),
    "no period": (at(0, "June 2020"), "period 'June 2020' is not a period; write a month as 2025-03"),
    "future date": (at(6, "2031-01-01"), "available_at 2031-01-01 is in the future"),
    "known before it happened": (at(0, "2026-12"), "begins after it is said to be known"),
    "no date": (at(6, "7 July"), "available_at '7 July' is not a date"),
    "negative": (at(2, "-5"), "value -5 is below the floor 0 of in.ev.2w"),
    "empty file": (lambda lines: lines[:0], "the file is empty"),
    "no rows": (lambda lines: lines[:1], "a header and no rows"),
    "html": (
        lambda lines: ["<!doctype html><title>Not found</title>", *lines[:3]],
        "an HTML page saved as CSV",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_named_with_exit_65(
    case: str, data_copy: Path, cli: Callable[..., tuple[int, str, str]]
) -> None:
    change, message = CASES[case]
    path = data_copy / FILE
    path.write_text("".join(f"{line}\n" for line in change(path.read_text().splitlines())))
    code, out, err = cli("data", "check", "--data", data_copy)
    assert (code, out) == (65, "")
    assert message in err
    assert str(path) in err


def test_all_faults_of_all_files_are_named_at_once(data_copy: Path) -> None:
    path = data_copy / FILE
    lines = path.read_text().splitlines()
    for period, column, value in (("2020-06", 2, "many"), ("2020-07", 3, "t"), ("2020-08", 1, "in.ev.9w")):
        i = row_of(lines, "in.ev.2w", period)
        lines[i] = with_field(lines[i], column, value)
    path.write_text("\n".join(lines) + "\n")
    other = data_copy / "observations" / "prices.csv"
    other.write_text("")
    with pytest.raises(DataError) as caught:
        Store.open(data_copy, TODAY)
    texts = [str(fault) for fault in caught.value.faults]
    assert len(texts) == 4
    assert sum("ev_sales.csv:" in text for text in texts) == 3
    assert sum("prices.csv" in text for text in texts) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_another_encoding_is_refused(encoding: str, data_copy: Path) -> None:
    path = data_copy / FILE
    path.write_bytes(path.read_text().encode(encoding))
    with pytest.raises(DataError, match="save it as UTF-8"):
        Store.open(data_copy, TODAY)


def test_a_file_of_500_mb_is_refused_before_it_is_read(
    data_copy: Path, cli: Callable[..., tuple[int, str, str]]
) -> None:
    with (data_copy / FILE).open("r+b") as handle:
        handle.truncate(500 * 1024 * 1024)
    code, _, err = cli("data", "check", "--data", data_copy)
    assert (code, "524,288,000 bytes is more than" in err) == (65, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (at(2, "5.5"), "counts a part of a vehicle"),
        (at(2, "1e400"), "larger than anything measured"),
        (at(4, "mofcom18"), "never believes"),
        (at(6, "2020-06-15"), "ends after it is said to be known"),
        (
            lambda lines: [*lines, "2020-06,in.ev.2w,1,5,vehicles,vahan_cat_0124,actual,2020-07-07,"],
            "9 fields under a header of 8",
        ),
        (lambda lines: [*lines, '"open'], "quote"),
    ],
)
def test_more_faults(
    change: Callable[[Lines], Lines], said: str, data_copy: Path, cli: Callable[..., tuple[int, str, str]]
) -> None:
    path = data_copy / FILE
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    code, out, err = cli("data", "check", "--data", data_copy)
    assert (code, out) == (65, "")
    assert said in err


def test_the_register_of_accepted_findings_never_outlives_its_reason(
    data_copy: Path, cli: Callable[..., tuple[int, str, str]]
) -> None:
    path = data_copy / "accepted.yaml"
    text = path.read_text()
    entry = "  - {check: slip, series: in.ev.2w, period: 2020-06, reason: nothing is wrong there}\n"
    path.write_text(text + entry)
    code, _, err = cli("data", "check", "--data", data_copy)
    assert (code, "this entry accepts nothing" in err) == (65, True)
    path.write_text(text + entry.replace("slip", "slipp"))
    code, _, err = cli("data", "check", "--data", data_copy)
    assert (code, "did you mean 'slip'" in err) == (65, True)
    lines = [line for line in text.splitlines() if "in.magnets.tonnes.fy" not in line]
    path.write_text("\n".join(lines) + "\n")
    code, _, err = cli("data", "check", "--data", data_copy)
    assert (code, "53,748 implies 3.84 per kg" in err) == (65, True)


def test_the_day_is_that_of_the_publishing_job(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Clock:
            assert tz is UTC
            return cls(2020, 1, 1, tzinfo=tz)

    monkeypatch.setattr("forecasting.data.store.datetime", Clock)
    with pytest.raises(DataError) as caught:
        Store.open(data_folder)
    assert any("is in the future" in fault.found for fault in caught.value.faults)


def test_a_correction_that_matches_nothing_fails(data_copy: Path) -> None:
    path = data_copy / "corrections.yaml"
    entry = "{series: in.ev.2w, period: 1999-01, source: vahan_cat_0124, action: drop, reason: made up for this test}"
    text = path.read_text()
    path.write_text(text.replace("corrections: []", "corrections:") + f"\n  - {entry}\n")
    with pytest.raises(DataError, match="match nothing"):
        Store.open(data_copy, TODAY)


def test_the_projects_data_are_sound(data_folder: Path, cli: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = cli("data", "check", "--data", data_folder)
    assert (code, err) == (0, "")
    assert "sound" in out


def test_what_is_carried_forward_is_never_fitted(store: Store) -> None:
    for id, series in store.catalogue.series.items():
        rows = believed(store.observations, store.catalogue, id)
        assert not set(rows["status"]) & {"carried_forward", "target"}, id
        assert rows["period"].is_unique
        assert series.unit == rows["unit"].iloc[0] if len(rows) else True


def test_the_suspect_tonnage_is_not_an_actual(store: Store) -> None:
    rows = store.observations.of("in.magnets.tonnes.fy").frame.set_index("source")
    assert rows.at["reuters_irel_2025_06", "value"] == 53748
    assert rows.at["reuters_irel_2025_06", "status"] == "estimate"
    assert "suspect" in rows.at["reuters_irel_2025_06", "note"]
