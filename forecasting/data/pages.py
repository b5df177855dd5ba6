"""Pages about the data, one a series group, written from the catalogue and the observations themselves."""

from __future__ import annotations

from collections.abc import Iterable

from forecasting.catalogue import Break, Catalogue, Event, Series
from forecasting.data.carried import NOTE
from forecasting.data.gaps import constraints, gaps
from forecasting.data.store import Store, believed
from forecasting.periods import Period

TITLES = {
    "ev_sales": "Electric-vehicle registrations",
    "production": "Rare-earth production",
    "magnet_imports": "Magnets and rare earths in trade",
    "prices": "Prices",
    "drivers": "Markets and other drivers",
}
MADE = "<!-- Written by `forecast data docs`; change the files of data/ and write it again. -->"


def pages(store: Store) -> dict[str, str]:
    """The Markdown of every page by file name, an index included; the same data give the same bytes."""
    groups = sorted({entry.group for entry in store.catalogue.series.values() if entry.group})
    made = {f"{group}.md": _page(store, group) for group in groups}
    made["events.md"] = _events(store.catalogue)
    lines = [MADE, "", "# The data, group by group", ""]
    for group in groups:
        count = sum(entry.group == group for entry in store.catalogue.series.values())
        lines.append(f"- [{TITLES.get(group, group)}]({group}.md): {count} series")
    lines += [
        "",
        "Dated policy events and when each end became known: [events](events.md).",
        "How the files are laid out: [the data format](../data-format.md). What revisions do to a backtest:",
        "[vintages](vintages.md).",
        "",
    ]
    return {"README.md": "\n".join(lines), **made}


def _page(store: Store, group: str) -> str:
    catalogue = store.catalogue
    mine = {id: entry for id, entry in catalogue.series.items() if entry.group == group}
    lines = [MADE, "", f"# {TITLES.get(group, group)}", "", "| series | unit | period | known | published |"]
    lines.append("|---|---|---|---|---|")
    for id, entry in mine.items():
        target = "yes" if entry.target else ""
        lines.append(
            f"| [`{id}`](#{_anchor(id)}) {entry.title} | {entry.unit} | {entry.kind} | {_reach(store, id)} | {target} |"
        )
    for id, entry in mine.items():
        lines += ["", f"## {id}", "", f"{entry.title}, in {entry.unit}.", ""]
        lines += _believed(entry)
        lines += _list("Traps", entry.traps)
        lines += _list("Breaks", (_break(id_, one) for id_, one in catalogue.breaks_of(id).items()))
        lines += _list("Gaps", _gaps(store, id))
        lines += _list("Carried forward by rule, never fitted", _carried(store, id))
        lines += _list(
            "Corrections",
            (
                f"{c.period} by `{c.source}`: {c.action}. {c.reason}"
                for c in catalogue.corrections
                if c.series == id
            ),
        )
        lines += _list(
            "Accepted doubts",
            (f"{a.period} [{a.check}]: {a.reason}" for a in catalogue.accepted if a.series == id),
        )
    lines += [
        "",
        "## Sources of this group",
        "",
        "| source | publisher | published | licence |",
        "|---|---|---|---|",
    ]
    used = sorted(set(store.observations.of(*mine).frame["source"]))
    for name in used:
        source = catalogue.sources[name]
        day = source.published.isoformat() if source.published else "day unknown"
        lines.append(
            f"| `{name}` {_cell(source.title)} | {_cell(source.publisher)} | {day} | {_cell(source.licence)} |"
        )
    return "\n".join(lines) + "\n"


def _events(catalogue: Catalogue) -> str:
    lines = [
        MADE,
        "",
        "# Dated policy events",
        "",
        "What a backtest may know at an origin: an event from the day it was known, its end from the day the end was.",
        "Where no end was known yet the event goes on. The rules: [the data format](../data-format.md).",
        "",
        "| event | touches | moves it | known from | starts | ends, known from |",
        "|---|---|---|---|---|---|",
    ]
    for id, one in sorted(catalogue.events.items(), key=lambda item: (item[1].date, item[0])):
        touched = ", ".join(f"`{pattern}`" for pattern in one.touches)
        ramp = f", over {one.ramp_months} months" if one.ramp_months > 1 else ""
        lines.append(
            f"| `{id}` {_cell(one.title)} | {touched} | {one.direction} | {one.since} "
            f"| {one.start}{ramp} | {_ends(one)} |"
        )
    return "\n".join(lines) + "\n"


def _ends(event: Event) -> str:
    told = (
        f"{one.end or 'no end'} ({one.since}{'' if one.known else ', day not documented'})"
        for one in event.ends
    )
    return "; ".join(told) or "no end known"


def _anchor(id: str) -> str:
    return id.replace(".", "")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())


def _reach(store: Store, id: str) -> str:
    entry = store.catalogue.series[id]
    if entry.sum_of:
        return f"sum of {', '.join(entry.sum_of)}"
    labels = believed(store.observations, store.catalogue, id)["period"]
    if labels.empty:
        return "nothing to fit"
    ordered = sorted((Period.parse(label) for label in labels), key=lambda period: period.ordinal)
    return f"{ordered[0]} to {ordered[-1]} ({len(ordered)})"


def _believed(entry: Series) -> list[str]:
    order = " → ".join(f"`{family}`" for family in entry.sources) or "none: it is a sum"
    lines = [f"Believed in this order: {order}. {entry.trust}".rstrip()]
    if entry.worth:
        lines += ["", f"Its implied price is checked against `{entry.worth}`."]
    return [*lines, ""]


def _list(title: str, items: Iterable[str]) -> list[str]:
    found = [f"- {_cell(item)}" for item in items]
    return [f"**{title}**", "", *found, ""] if found else []


def _break(id: str, one: Break) -> str:
    when = (
        "standing" if one.starts is None else f"from {one.starts}" + (f" to {one.ends}" if one.ends else "")
    )
    used = " (a level shift for models)" if one.shift else ""
    return f"`{id}`, {when}: {one.title}{used}. {one.note}"


def _gaps(store: Store, id: str) -> list[str]:
    missing = gaps(store.observations, store.catalogue, id)
    lines = [_stretches(missing)] if missing else []
    for known in constraints(store.observations, store.catalogue, id):
        months = ", ".join(str(period) for period in known.periods)
        rest = f"the rest of {known.year} by `{known.source}`"
        lines.append(f"{months}: together about {known.total:,.0f} (± {known.slack:,.0f}), {rest}")
    return lines


def _stretches(missing: list[Period]) -> str:
    runs: list[list[Period]] = []
    for period in missing:
        if runs and period - runs[-1][-1] == 1:
            runs[-1].append(period)
        else:
            runs.append([period])
    return "no figure for " + ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]} to {r[-1]}" for r in runs)


def _carried(store: Store, id: str) -> list[str]:
    rows = store.observations.of(id).frame
    hits = rows[rows["note"].str.startswith(NOTE)]
    return [
        f"{value:,.6g} by `{source}` in {', '.join(part['period'])}"
        for (source, value), part in hits.groupby(["source", "value"])
    ]
