"""What an edition says of the code it was made with."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecasting.publishing import environment


def test_the_digest_of_the_package_is_that_of_its_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "package" / "room" / "module.py"
    compiled = module.parent / "__pycache__"
    compiled.mkdir(parents=True)
    module.write_text("x = 1")
    monkeypatch.setattr(environment, "__file__", str(module))
    usual = environment.package_digest.__wrapped__()
    for name in ("module.cpython-311.pyc", "module.cpython-311.pyc.140234"):  # Python writes the second first
        (compiled / name).write_bytes(b"compiled")
    assert environment.package_digest.__wrapped__() == usual
    (module.parent / "data.json").write_text("1")
    changed = environment.package_digest.__wrapped__()
    module.write_text("x = 2")
    assert len({usual, changed, environment.package_digest.__wrapped__()}) == 3
