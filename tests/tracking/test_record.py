"""Tables of a record: cells are numbers, texts or nothing, and what was given stays as it was."""

from __future__ import annotations

import pandas as pd

from forecasting.periods import Period
from forecasting.tracking.record import plain


def test_only_what_is_no_plain_text_is_rewritten_and_never_in_the_callers_table() -> None:
    given = pd.DataFrame(
        {
            "text": ["a", "b", "c"],
            "period": [Period.parse("FY2026"), None, Period.parse("FY2027")],
            "mixed": ["x", 2.5, None],
            "number": [1.0, 2.0, 3.0],
        }
    )
    before = given.copy(deep=True)
    found = plain(given)
    assert found["text"].tolist() == ["a", "b", "c"]
    assert found["period"].tolist() == ["FY2026", None, "FY2027"]
    assert found["mixed"].tolist() == ["x", "2.5", None]
    found["text"] = "z"
    pd.testing.assert_frame_equal(given, before)
