"""What a served champion is asked that is no table: told in words what to give."""

from __future__ import annotations

from typing import Any

import pytest

from forecasting.errors import DataError
from forecasting.tracking.serving import answer


@pytest.mark.parametrize(
    "given", ["2028-03", {"horizon": "2028-03"}, 2028, {"horizon": ["2028-03"], "x": [1, 2]}]
)
def test_a_request_that_is_no_table_is_told_what_to_give(given: Any) -> None:
    with pytest.raises(DataError, match="the request cannot be answered") as caught:
        answer({}, given, None)
    [fault] = caught.value.faults
    assert "is no table" in fault.found
    assert 'pd.DataFrame({"horizon": ["FY2030"]})' in fault.do
    assert len(str(caught.value)) < 300


def test_a_long_request_is_not_quoted_whole() -> None:
    with pytest.raises(DataError) as caught:
        answer({}, "2028-03 " * 1000, None)
    assert len(str(caught.value)) < 300
