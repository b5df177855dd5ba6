"""A forecast as a recipe: everything needed to make it again, and nothing that executes."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Self

from pydantic import Field, ValidationError

from forecasting.catalogue import Strict
from forecasting.errors import DataError, Refusal
from forecasting.frames import Forecast, Panel
from forecasting.models import build
from forecasting.models.pool import Pool
from forecasting.periods import Period


class Recipe(Strict):
    """The model, its parameters, its data by digest, its seed and its horizon.

    >>> recipe = Recipe(series=("a",), model="naive", paths=10, seed=1, horizon="FY2027", panel_digest="…")
    >>> Recipe.from_json(recipe.to_json()) == recipe
    True
    """

    series: tuple[str, ...]
    model: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    paths: int = Field(default=1000, ge=1)
    seed: int
    horizon: str
    panel_digest: str
    covariates_digest: str | None = None
    as_of: str | None = None

    @classmethod
    def of(
        cls,
        panel: Panel,
        model: str,
        parameters: dict[str, Any],
        horizon: Period,
        *,
        paths: int = 1000,
        seed: int,
        covariates: Panel | None = None,
        as_of: str | None = None,
    ) -> Recipe:
        """The recipe of a forecast about to be made; parameters are written out with their defaults."""
        return cls(
            series=tuple(panel.ids),
            model=model,
            parameters=json.loads(json.dumps(build(model, parameters).parameters)),
            paths=paths,
            seed=seed,
            horizon=str(horizon),
            panel_digest=panel.digest(),
            covariates_digest=None if covariates is None else covariates.digest(),
            as_of=as_of,
        )

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, two spaces, a newline at the end; equal recipes give equal bytes."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The recipe a text holds; raises :class:`DataError` when it is none."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise DataError(f"this is not a recipe: {error}") from error

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def refit(self, panel: Panel, covariates: Panel | None = None, *, wanted: str | None = None) -> Forecast:
        """Make the forecast again, as :meth:`apply`; :class:`DataError` when the data are not those of the recipe."""
        panel = self._mine(panel)
        found = None if covariates is None else covariates.digest()
        for what, expected, actual in (
            ("panel", self.panel_digest, panel.digest()),
            ("covariates", self.covariates_digest, found),
        ):
            if expected != actual:
                raise DataError(
                    f"the {what} changed since the recipe was written: expected {expected}, found {actual}"
                )
        return self.apply(panel, covariates, wanted=wanted)

    def apply(self, panel: Panel, covariates: Panel | None = None, *, wanted: str | None = None) -> Forecast:
        """The same model, parameters and seed on other data, such as those of the next month.

        A pooled model learns from those of its series that it does not refuse, and gives a forecast of these; of one
        series where one is ``wanted``. Raises :class:`Refusal` when that is refused, or all are.
        """
        pool = Pool(build(self.model, self.parameters), self._mine(panel), covariates)
        forecast = pool.forecast(Period.parse(self.horizon), paths=self.paths, seed=self.seed)
        if wanted in pool.refused:
            raise Refusal.of({wanted: pool.refused[wanted]})
        return forecast if wanted is None else forecast.only(wanted)

    def _mine(self, panel: Panel) -> Panel:
        missing = [id for id in self.series if id not in panel.ids]
        if missing:
            raise DataError(f"the recipe needs series the panel does not hold: {', '.join(missing)}")
        return panel.only(*self.series)
