# %% [markdown]
# # From data to a promoted model
#
# This walkthrough asks one question: who forecasts the value of India's magnet imports best, and may that model
# be published? It runs as a script, cell by cell in an editor that knows `# %%`, or as a notebook. It works on a copy
# of the project and has a store of runs of its own: champions, ledger and a shared MLflow stay as they are.

# %%
import os
import shutil
import tempfile
from pathlib import Path

import pandas as pd

from forecasting.api import Project
from forecasting.evaluation.comparison import confidence

source = Path(os.environ.get("FORECAST_PROJECT") or Path(__file__).resolve().parents[1])
scratch = Path(tempfile.mkdtemp(prefix="walkthrough-"))
shutil.copytree(source / "data", scratch / "data", ignore=shutil.ignore_patterns("editions"))
shutil.copytree(source / "experiments", scratch / "experiments")
os.environ.pop("FORECAST_TRACKING_URI", None)
project = Project.open(scratch)

# %% [markdown]
# ## Data
#
# A figure knows its source and the day it became known. `as_of` shows what was known on a day: nothing later leaks
# into a backtest.

# %%
series = "in.magnets.value.85051190"
known = project.store.as_of(pd.Timestamp("2026-06-30").date()).of(series).frame
print(known[["period", "value", "unit", "source", "available_at"]].tail(3).to_string(index=False))

# %% [markdown]
# ## An experiment
#
# Experiment files name series, models, origins and the gate. Here only two models compete, with fewer origins.

# %%
[experiment] = project.experiments("magnet_imports")
fast = [model for model in experiment.models if model.name in ("seasonal_naive", "damped_drift")]
origins = experiment.backtest.model_copy(update={"every": 12})
experiment = experiment.model_copy(
    update={"name": "walkthrough", "models": tuple(fast), "backtest": origins, "paths": 200}
)
outcome = project.run(experiment, jobs=2)
print(outcome.board[["series", "model", "mase", "crps", "coverage_80", "origins"]].to_string(index=False))

# %% [markdown]
# ## How sure is that?
#
# A paired test asks whether a lower mean is more than luck. With few, overlapping origins it often is not.

# %%
print(
    confidence(outcome.scores, experiment.metric)[["series", "model", "behind", "pairs", "p"]].to_string(
        index=False
    )
)

# %% [markdown]
# ## The leaderboard as a page

# %%
page = project.root / "mlruns" / "walkthrough.html"
page.parent.mkdir(exist_ok=True)
page.write_bytes(project.leaderboard([outcome]))
print(page)

# %% [markdown]
# ## The gate
#
# A series without a champion gets the winner of its backtest. Later, a challenger must show that it is better;
# where that cannot be said the champion stays.

# %%
settled = project.gate([outcome])
for decision in settled[0].decisions.values():
    print(decision.series, decision.verdict, decision.chosen, "-", decision.why)

# %% [markdown]
# ## In force
#
# Promotion writes a line of the ledger, exports the release that publishing reads, and tells MLflow; when MLflow is
# away, what it is to be told waits in the spool.

# %%
promoted = project.promote(settled)
print(
    promoted.folder.name[:12], promoted.delivery.delivered, "delivered,", promoted.delivery.waiting, "waiting"
)

# %%
champion = project.champion(series)
median = champion.golden[champion.golden["quantile"] == 0.5]
print(champion.model, median[["period", "value", "unit"]].tail(2).to_string(index=False))

# %% [markdown]
# ## Would an upgrade move a number?

# %%
drift = project.drift()
print(len(drift.moved), "of", len(drift.table), "numbers would move")
