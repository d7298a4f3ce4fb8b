"""One build's point of each plot over builds, as the Plot plugin of Jenkins reads it from CSV.

A file a measure: a line of labels, a line of values. The plugin adds them to those of the builds
before, by label: so a label never changes, and where nothing was measured its value is empty, which
the plugin passes over.
"""

from infra.ci.evaluation.measured import BASELINES, Evaluation
from movierec.evaluation.validation import MEASURES


def series(evaluation: Evaluation) -> dict[str, dict[str, list[float | str]]]:
    """File name → label → the one value, of models and baselines alike."""
    files = {}
    for key in MEASURES:
        measured = {model.title: model.metrics.get(key, "") for model in evaluation.models}
        measured |= {
            title: evaluation.baselines[name][key]
            for name, title in BASELINES.items()
            if key in evaluation.baselines.get(name, {})
        }
        files[f"plot-{key}.csv"] = {label: [value] for label, value in measured.items()}
    return files
