"""Paths from linear state space models of statsmodels, with the doubt about states and parameters in them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.errors import Refusal
from forecasting.frames import Array
from forecasting.models.base import Sample, last_level
from forecasting.models.draws import recency, spread, steps_of

PARAMETER_DRAWS = 8
FLATTEST = 0.3  # no parameter is believed to be off by more than this, in standard deviations of a step
VAGUEST = 1e3
MEMORY = 1.5  # years in which the weight of an error on the size of the next ones halves


@dataclass(frozen=True)
class Standard:
    """Where a sample is and how far it moves in a step, so that fits do not depend on the unit.

    >>> Standard.of(np.array([10.0, 12.0, 14.0])).to(np.array([16.0])).tolist()
    [1.0]
    """

    place: float
    size: float

    @classmethod
    def of(cls, z: Array) -> Standard:
        change, spans = steps_of(z)
        return cls(last_level(z), float(np.sqrt(np.mean(change**2 / spans))))

    def to(self, z: Array) -> Array:
        return np.asarray((z - self.place) / self.size)

    def back(self, scaled: Array) -> Array:
        return np.asarray(scaled * self.size + self.place)


@dataclass(frozen=True)
class Fitted:
    """What is left of a fit: the matrices to simulate from, one set for each parameter draw."""

    standard: Standard
    systems: tuple[dict[str, Array], ...]
    slopes: Array
    degrees: float
    calm: float
    roles: tuple[str, ...] = ()


def fit(name: str, sample: Sample, prepare: Callable[[Array], Any], maxiter: int, slopes: int = 0) -> Fitted:
    """Fit a model of the standardised sample by maximum likelihood, and draw parameters around the optimum.

    Variances stay at their estimates; the doubt about the size of errors is drawn in :func:`simulate`.

    ``prepare`` builds the statsmodels model and returns it with its fitting function. ``slopes`` is the
    number of regression coefficients. Whatever goes wrong inside becomes a :class:`Refusal` by ``name``.
    """
    import statsmodels.tools.sm_exceptions  # noqa: F401  (its import sets warning filters, so it goes first)

    standard = Standard.of(sample.z)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            model, fitting = prepare(standard.to(sample.z))
            results = fitting(disp=0, maxiter=maxiter)
            thetas = _around(model, results, np.random.default_rng(0))
            systems = tuple(one for theta in thetas if (one := _system(model, theta)) is not None)
    except (ValueError, np.linalg.LinAlgError, IndexError, FloatingPointError, ZeroDivisionError) as error:
        raise Refusal(f"{name}: {sample.id} could not be fitted: {error}") from error
    if not systems:
        raise Refusal(f"{name}: {sample.id} has too few observations to know the state it ends in")
    wide = [index for index, label in enumerate(model.param_names) if label.startswith(("beta.", "x"))]
    coefficients = np.array([theta[wide[:slopes]] for theta in thetas[: len(systems)]])
    calm = _calm(np.asarray(results.filter_results.standardized_forecasts_error[0]), MEMORY * sample.season)
    roles = _roles([str(name) for name in model.state_names])
    return Fitted(standard, systems, coefficients, sample.observed - len(results.params), calm, roles)


def _roles(names: list[str]) -> tuple[str, ...]:
    """Which part of a forecast each state makes: level, trend or season."""
    found = []
    for name in names:
        if name.startswith(("seasonal", "freq_seasonal")):
            found.append("season")
        else:
            found.append("level" if name in ("level", "state.0") else "trend")
    return tuple(found)


def decompose(
    fitted: Fitted, steps: int, ahead: Array | None = None, names: tuple[str, ...] = ()
) -> dict[str, Array]:
    """The central forecast on the link's scale as a sum over the steps: level, trend, season, events.

    The state space is linear, so each initial state makes its own part; ``ahead`` holds the regressors of the
    steps, of which those in ``names`` (the first columns) are events and the rest the season.
    """
    system, size = fitted.systems[0], fitted.standard.size
    parts = {role: np.zeros(steps) for role in ("level", "trend", "season")}
    for role in parts:
        states = np.where([one == role for one in fitted.roles], system["state"], 0.0)
        for t in range(steps):
            parts[role][t] = system["design"] @ states
            states = system["transition"] @ states
    parts["level"] = parts["level"] * size + fitted.standard.place
    parts["trend"], parts["season"] = parts["trend"] * size, parts["season"] * size
    if ahead is not None:
        effects = ahead * fitted.slopes[0] * size
        parts["events"] = effects[:, : len(names)].sum(axis=1)
        parts["season"] = parts["season"] + effects[:, len(names) :].sum(axis=1)
    return parts


def _calm(errors: Array, half_life: float) -> float:
    """The size of recent one-step errors relative to all of them."""
    known = np.flatnonzero(np.isfinite(errors) & (errors != 0.0))
    if len(known) < 2:
        return 1.0
    squares = errors[known] ** 2
    return float(
        np.sqrt(recency((known[-1] - known).astype(np.float64), half_life) @ squares / squares.mean())
    )


def _around(model: Any, results: Any, rng: np.random.Generator) -> list[Array]:
    best = np.asarray(results.params, dtype=float)
    covariance = np.asarray(results.cov_params(), dtype=float)
    covariance = np.where(np.isfinite(covariance), covariance, 0.0)
    root = _root(covariance, FLATTEST**2)
    still = np.array([label.startswith("sigma2") for label in model.param_names])
    still |= np.diag(covariance) == 0.0
    thetas = [best]
    for _ in range(PARAMETER_DRAWS - 1):
        step = root @ rng.standard_normal(len(best))
        step[still] = 0.0
        thetas.append(
            next((best + step / 2**k for k in range(4) if _allowed(model, best + step / 2**k)), best)
        )
    return thetas


def _allowed(model: Any, theta: Array) -> bool:
    free = model.untransform_params(theta)
    return bool(np.isfinite(free).all() and np.allclose(model.transform_params(free), theta, atol=1e-6))


def _system(model: Any, theta: Array) -> dict[str, Array] | None:
    results = model.smooth(theta, cov_type="none") if model.k_params else model.filter(theta)
    end = results.nobs
    system = {
        "state": results.predicted_state[:, end],
        "doubt": results.predicted_state_cov[:, :, end],
        "design": results.filter_results.design[0, :, -1],
        "transition": results.filter_results.transition[:, :, -1],
        "noise": _root(
            results.filter_results.selection[:, :, -1]
            @ results.filter_results.state_cov[:, :, -1]
            @ results.filter_results.selection[:, :, -1].T
        ),
        "error": np.sqrt(results.filter_results.obs_cov[0, :, -1]),
    }
    ahead = float(system["design"] @ system["doubt"] @ system["design"])
    if not all(np.isfinite(part).all() for part in system.values()) or ahead > VAGUEST:
        return None
    return system


def _root(covariance: Array, most: float = np.inf) -> Array:
    """The symmetric square root, which rounding cannot flip as it flips the signs of eigenvectors."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0.0, most))) @ vectors.T)


def simulate(
    fitted: Fitted, steps: int, paths: int, rng: np.random.Generator, ahead: Array | None = None
) -> Array:
    """Paths from the end of the sample, (steps, paths): each from one parameter draw and a drawn last state.

    ``ahead`` holds the regressors of the steps.
    """
    out = np.empty((steps, paths))
    sizes = spread(fitted.degrees, paths, rng) * fitted.calm
    for j, system in enumerate(fitted.systems):
        mine = np.arange(j, paths, len(fitted.systems))
        states = system["state"][:, None] + _root(system["doubt"]) @ rng.standard_normal(
            (len(system["state"]), len(mine))
        )
        effect = np.zeros(steps) if ahead is None else ahead @ fitted.slopes[j]
        for t in range(steps):
            shock = rng.standard_normal((len(states) + 1, len(mine))) * sizes[mine]
            out[t, mine] = system["design"] @ states + system["error"] * shock[-1] + effect[t]
            states = system["transition"] @ states + system["noise"] @ shock[:-1]
    return fitted.standard.back(out)
