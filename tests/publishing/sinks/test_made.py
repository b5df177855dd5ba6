"""Where the folder of a site lies, however the data folder was named."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecasting.catalogue.sinks import SiteRecord
from forecasting.publishing.sinks import made
from forecasting.publishing.sinks.site import Site
from tests.publishing.sinks.test_site import fill

RECORD = SiteRecord(kind="site", name="site", folder="www/outlook")


@pytest.mark.parametrize(
    ("here", "name", "beside"),
    [
        ("real/data", ".", "real"),
        ("real/data/observations", "..", "real"),
        ("other", "../data", ""),
        ("other", "{root}/data", ""),
        ("", "data", ""),
    ],
)
def test_a_relative_site_lies_beside_the_data_however_they_are_named(
    here: str, name: str, beside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real" / "data" / "observations").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "real" / "data")
    monkeypatch.chdir(tmp_path / here)
    (site,) = made([RECORD], Path(name.format(root=tmp_path)), fill)
    assert isinstance(site, Site)
    assert site.folder == tmp_path / beside / "www" / "outlook"
