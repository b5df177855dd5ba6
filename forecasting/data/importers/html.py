"""The tables of an HTML page, by the standard library's parser: no scripts, no links, no network."""

from __future__ import annotations

from html.parser import HTMLParser

from forecasting.data.importers.reading import MAX_COLUMNS, MAX_ROWS, Raw, is_html, text_of


class _Tables(HTMLParser):
    def __init__(self, raw: Raw) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self._raw = raw
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._span = 1
        self._rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._end_row()
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self._end_row()
            self._row = []
        elif tag in ("td", "th") and self._row is not None:
            self._end_cell()
            self._cell = []
            spans = [value for name, value in attrs if name == "colspan" and value and value.isdigit()]
            self._span = min(max(int(spans[0][:4]), 1), MAX_COLUMNS) if spans else 1
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self._end_row()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            text = " ".join("".join(self._cell).split())
            self._row += [text] + [""] * (self._span - 1)
            if len(self._row) > MAX_COLUMNS:
                raise self._raw.refuse(f"more than {MAX_COLUMNS} columns", "cut it down")
        self._cell, self._span = None, 1

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None and any(self._row):
            self._rows += 1
            if self._rows > MAX_ROWS:
                raise self._raw.refuse(f"more than {MAX_ROWS:,} rows", "cut it down")
            self.tables[-1].append(self._row)
        self._row = None

    def close(self) -> None:
        super().close()
        self._end_row()


def tables_of(raw: Raw) -> list[list[list[str]]]:
    """Every table of an HTML page as rows of text; a spanning cell is followed by empty ones.

    Raises :class:`~forecasting.errors.DataError` when the file is no page or holds no table.

    >>> tables_of(Raw("a.html", b"<table><tr><th>x<td>1,000</table>"))
    [[['x', '1,000']]]
    """
    text = text_of(raw)
    if not is_html(text):
        raise raw.refuse("this is not an HTML page", "save the page of the portal, or its CSV")
    parser = _Tables(raw)
    parser.feed(text)
    parser.close()
    found = [table for table in parser.tables if table]
    if not found:
        raise raw.refuse("the page holds no table: probably an error page", "download the table itself")
    return found
