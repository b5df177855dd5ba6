"""A project with one edition, published once a session, and copies of it to change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.publishing.small_job import Project


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one edition; take a copy before changing it."""
    project = Project(tmp_path_factory.mktemp("published") / "p")
    project.settings(lambda one: one["gates"].update(freshness={"severity": "warn", "grace_days": 60}))
    done = project.release().publish()
    assert (done.new, done.reasons) == (True, ())
    return project


@pytest.fixture
def copy(published: Project, tmp_path: Path) -> Project:
    shutil.copytree(published.root, tmp_path / "p", symlinks=True)
    made = object.__new__(Project)
    made.__dict__.update(published.__dict__)
    made.root = tmp_path / "p"
    for name in ("data", "bundles", "editions", "cache"):
        setattr(made, name, made.root / getattr(published, name).name)
    return made
