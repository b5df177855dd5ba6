"""The code of every registered model: it reads its own files and lets the package answer."""

from typing import Any

import mlflow.models
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from forecasting.tracking.serving import answer


class RecipeModel(PythonModel):
    """Refits a recipe; there is no state to unpickle."""

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """The quantile forecast, up to the period in the optional column ``horizon``."""
        return answer(context.artifacts, model_input, params)


mlflow.models.set_model(RecipeModel())
