"""The record of ``job`` in ``publication.yaml``: the limits of a publishing run, its fallbacks and its hooks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

Argv = Annotated[tuple[str, ...], Field(max_length=64)]
LONGEST = 86_400.0  # seconds; a run that takes a day hangs


class Hooks(BaseModel):
    """Commands run after an attempt to publish, each a list of arguments and never a line for a shell.

    ``on_success`` after a new edition without a blemish, ``on_degraded`` when something the reader or the owner must
    know went wrong beside it, ``on_held`` when nothing was published. An empty list runs nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    on_success: Argv = ()
    on_degraded: Argv = ()
    on_held: Argv = ()
    seconds: float = Field(default=10.0, gt=0, le=60)

    @field_validator("on_success", "on_degraded", "on_held")
    @classmethod
    def _a_program(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if argv and not argv[0].strip():
            raise ValueError("the first argument names the program")
        return argv


class Job(BaseModel):
    """How long and with what a publishing run may work.

    ``deadline_seconds`` ends the whole run, ``fit_seconds`` one model's fit, ``render_seconds`` one format of the
    report; ``memory_mb`` bounds the address space of each child process, of which ``processes`` run at once.
    ``fallbacks`` are the models tried, in order, when champions fail; nobody backtested them here, so their bands are
    stretched about the median by ``fallback_widening`` on the logarithmic scale. ``least_ok`` is the share of the
    series that are not critical which must be ok; ``free_space`` how many times the last edition must fit on the
    disk before a run starts; ``longest_gap_days`` how far an edition's day may lie beyond both the last edition's
    and the last day anything became known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    deadline_seconds: float = Field(default=600.0, gt=0, le=LONGEST)
    fit_seconds: float = Field(default=60.0, gt=0, le=LONGEST)
    render_seconds: float = Field(default=120.0, gt=0, le=LONGEST)
    memory_mb: int = Field(default=8192, ge=512)
    processes: int = Field(default=2, ge=1, le=64)
    fallbacks: tuple[str, ...] = ("damped_drift", "naive")
    fallback_widening: float = Field(default=1.5, ge=1.0, le=5.0)
    least_ok: float = Field(default=0.8, ge=0, le=1)
    free_space: float = Field(default=3.0, ge=1)
    longest_gap_days: int = Field(default=400, ge=31, le=36_500)
    hooks: Hooks = Hooks()
