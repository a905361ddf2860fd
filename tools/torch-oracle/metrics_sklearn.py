"""A command of its own: compares packages/train/fixtures/metrics.json with scikit-learn, where that has the same metric."""

import json
import warnings
from pathlib import Path

import numpy as np
from sklearn import metrics

PATH = Path(__file__).resolve().parents[2] / "packages" / "train" / "fixtures" / "metrics.json"
warnings.filterwarnings("ignore")


def array(t):
    return np.array(t["data"], dtype=float if "float" in t["dtype"] else int).reshape(t["shape"])


def rows(x, width):
    """Batch and all that comes behind the classes in one dim."""
    return x.reshape(-1) if width == 0 else np.moveaxis(x, 1, -1).reshape(-1, width)


def expected(sample, batches):
    """What scikit-learn says, or None where it has no such thing."""
    metric, options = sample["metric"], sample["options"]
    task = options.get("task")
    if task not in ("binary", "multiclass") or {"thresholds", "threshold", "topK"} & options.keys():
        return None
    size = options.get("numClasses", 0)
    preds = np.concatenate([rows(array(p), 0 if array(p).ndim == array(t).ndim else size) for p, t in batches])
    target = np.concatenate([array(t).reshape(-1) for _, t in batches])
    kept = target != options.get("ignoreIndex", -1000)
    preds, target = preds[kept], target[kept]
    scored = preds.dtype == float
    if scored and (preds.min(initial=0) < 0 or preds.max(initial=0) > 1):
        preds = 1 / (1 + np.exp(-preds)) if size == 0 else np.exp(preds) / np.exp(preds).sum(1, keepdims=True)
    said = preds if not scored else (preds > 0.5).astype(int) if size == 0 else preds.argmax(1)
    average = "binary" if size == 0 else {"none": None}.get(options.get("average"), options.get("average"))
    labels = None if size == 0 else range(size)
    if len(target) == 0:
        return None
    if metric == "ConfusionMatrix":
        matrix = metrics.confusion_matrix(target, said, labels=range(size or 2), normalize=options.get("normalize"))
        return np.nan_to_num(matrix)
    if metric == "AUROC":
        if len(np.unique(target)) < (size or 2) or options.get("average") == "weighted":
            return None
        return metrics.roc_auc_score(target, preds, multi_class="ovr", average=None if size == 0 else average)
    if metric == "Accuracy" and options.get("average", "micro") == "micro":
        return metrics.accuracy_score(target, said)
    # a mean over classes counts those here that neither were wanted nor said
    if options.get("average") == "macro" and len(np.unique(np.concatenate([target, said]))) < size:
        return None
    more = {"average": average, "labels": labels, "zero_division": 0}
    if metric == "Precision":
        return metrics.precision_score(target, said, **more)
    if metric in ("Recall", "Accuracy"):
        return metrics.recall_score(target, said, **more)
    if metric == "F1Score":
        return metrics.f1_score(target, said, **more)
    if metric == "FBetaScore":
        return metrics.fbeta_score(target, said, beta=2, **more)
    return None


def main():
    fixture = json.loads(PATH.read_text())
    same = 0
    for sample in fixture["samples"]:
        value = expected(sample, fixture["batches"][sample["batches"]])
        if value is None:
            continue
        assert np.allclose(np.array(value), array(sample["value"]), atol=1e-6), (sample, value)
        same += 1
    print(f"{same} of {len(fixture['samples'])} samples are scikit-learn's, too")


if __name__ == "__main__":
    main()
