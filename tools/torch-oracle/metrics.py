"""A command of its own: writes packages/train/fixtures/metrics.json, what torchmetrics gives. `metrics_sklearn.py` compares it with scikit-learn."""

import json
import sys
import warnings
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch  # noqa: E402
import torchmetrics  # noqa: E402
from torchmetrics import classification, regression  # noqa: E402

from encode import dumps, tensor  # noqa: E402

PATH = Path(__file__).resolve().parents[2] / "packages" / "train" / "fixtures" / "metrics.json"
CLASSES = 4
LABELS = 3
NAMES = {"numClasses": "num_classes", "numLabels": "num_labels", "topK": "top_k", "ignoreIndex": "ignore_index", "numOutputs": "num_outputs"}

warnings.filterwarnings("ignore")
generator = torch.Generator().manual_seed(0)


def scores(*shape, logits=False):
    """Multiples of 1/32, so that some are equal."""
    draw = torch.randint(0, 33, shape, generator=generator) / 32
    return draw * 8 - 4 if logits else draw


def classes(size, *shape):
    return torch.randint(0, size, shape, generator=generator)


def with_ignored(target, value):
    target = target.clone()
    target.view(-1)[::5] = value
    return target


def distribution(*shape):
    draw = scores(*shape) + 1 / 32
    return draw / draw.sum(1, keepdim=True)


BINARY = {
    "probabilities": [(scores(11), classes(2, 11)), (scores(6), classes(2, 6))],
    "logits": [(scores(11, logits=True), classes(2, 11)), (scores(6, logits=True), classes(2, 6))],
    "labels": [(classes(2, 12), classes(2, 12))],
    "more dims": [(scores(3, 4), classes(2, 3, 4))],
    "no positives": [(scores(8), torch.zeros(8, dtype=torch.int64))],
    "no negatives": [(scores(8), torch.ones(8, dtype=torch.int64))],
    "all ignored": [(scores(6), torch.full((6,), -100))],
    "ignored": [(scores(12), with_ignored(classes(2, 12), -100)), (scores(7), with_ignored(classes(2, 7), -100))],
    "ignored class": [(scores(12), classes(2, 12))],
}
MULTICLASS = {
    "probabilities": [(distribution(14, CLASSES), classes(CLASSES, 14)), (distribution(5, CLASSES), classes(CLASSES, 5))],
    "logits": [(scores(14, CLASSES, logits=True), classes(CLASSES, 14)), (scores(5, CLASSES, logits=True), classes(CLASSES, 5))],
    # of equal scores any may be among the best
    "distinct": [(torch.rand(14, CLASSES, generator=generator), classes(CLASSES, 14)), (torch.rand(5, CLASSES, generator=generator), classes(CLASSES, 5))],
    "distinct, ignored": [(torch.rand(14, CLASSES, generator=generator), with_ignored(classes(CLASSES, 14), -100))],
    "labels": [(classes(CLASSES, 17), classes(CLASSES, 17))],
    "more dims": [(distribution(3, CLASSES, 5), classes(CLASSES, 3, 5))],
    "absent": [(distribution(9, CLASSES) * torch.tensor([1.0, 1, 0, 0]), classes(2, 9))],
    "ignored": [(distribution(14, CLASSES), with_ignored(classes(CLASSES, 14), -100)), (distribution(6, CLASSES), with_ignored(classes(CLASSES, 6), -100))],
    "ignored class": [(distribution(14, CLASSES), classes(CLASSES, 14))],
}
MULTILABEL = {
    "probabilities": [(scores(9, LABELS), classes(2, 9, LABELS)), (scores(4, LABELS), classes(2, 4, LABELS))],
    "logits": [(scores(9, LABELS, logits=True), classes(2, 9, LABELS))],
    "labels": [(classes(2, 8, LABELS), classes(2, 8, LABELS))],
    "more dims": [(scores(3, LABELS, 2), classes(2, 3, LABELS, 2))],
    "ignored": [(scores(9, LABELS), with_ignored(classes(2, 9, LABELS), -100))],
}
SETS = {"binary": ({}, BINARY), "multiclass": ({"numClasses": CLASSES}, MULTICLASS), "multilabel": ({"numLabels": LABELS}, MULTILABEL)}
AVERAGES = ["micro", "macro", "weighted", "none"]


def ignoring(name):
    """What a set of batches leaves out."""
    return {"ignored": {"ignoreIndex": -100}, "distinct, ignored": {"ignoreIndex": -100}, "all ignored": {"ignoreIndex": -100}, "ignored class": {"ignoreIndex": 1}}.get(name, {})


def rows():
    """(metric, options, set of batches) of all metrics."""
    for task, (size, sets) in SETS.items():
        for name in sets:
            options = {"task": task, **size, **ignoring(name)}
            averages = [None] if task == "binary" else AVERAGES
            for average in averages:
                chosen = options | ({} if average is None else {"average": average})
                if name.startswith("distinct"):
                    yield "Accuracy", chosen | {"topK": 2}, name
                    yield "Precision", chosen | {"topK": 3}, name
                    continue
                for metric in ["Accuracy", "Precision", "Recall", "Specificity", "F1Score"]:
                    yield metric, chosen, name
                yield "FBetaScore", chosen | {"beta": 2.0}, name
            if name.startswith("distinct"):
                continue
            for normalize in [None, "true", "pred", "all"]:
                yield "ConfusionMatrix", options | ({} if normalize is None else {"normalize": normalize}), name
            if task != "multilabel" and name in ("probabilities", "more dims", "labels"):
                yield "Accuracy", options | ({"threshold": 0.25} if task == "binary" else {}), name
            # torchmetrics fails on the latter
            if name in ("labels", "all ignored"):
                continue
            for average in {"binary": [None], "multiclass": AVERAGES[1:], "multilabel": AVERAGES}[task]:
                for thresholds in [None, 9, [0.1, 0.5, 0.75]]:
                    chosen = options | ({} if average is None else {"average": average})
                    yield "AUROC", chosen | ({} if thresholds is None else {"thresholds": thresholds}), name


def run(metric, options, batches):
    given = {NAMES.get(name, name): value for name, value in options.items()}
    value = getattr(torchmetrics, metric)(**given)
    for preds, target in batches:
        value.update(preds, target)
    return value.compute()


def regressions():
    one = [(scores(7), scores(7)), (scores(3, 2), scores(3, 2))]
    two = [(scores(7, 2), scores(7, 2)), (scores(3, 2), scores(3, 2))]
    for name, options, batches in [
        ("MeanSquaredError", {}, one),
        ("MeanSquaredError", {"squared": False}, one),
        ("MeanSquaredError", {"numOutputs": 2}, two),
        ("MeanAbsoluteError", {}, one),
        ("MeanAbsoluteError", {"numOutputs": 2}, two),
    ]:
        metric = getattr(regression, name)(**{NAMES.get(key, key): value for key, value in options.items()})
        for preds, target in batches:
            metric.update(preds, target)
        yield name, options, batches, metric.compute()


def plain(t):
    return json.loads(dumps(tensor(t)))


def main():
    sets = {
        f"{task} {name}": [[plain(preds), plain(target)] for preds, target in batches]
        for task, (_, all_sets) in SETS.items()
        for name, batches in all_sets.items()
    }
    samples = [
        {"metric": metric, "options": options, "batches": f"{options['task']} {name}", "value": plain(run(metric, options, SETS[options["task"]][1][name]))}
        for metric, options, name in rows()
    ]
    for i, (name, options, batches, value) in enumerate(regressions()):
        sets[f"numbers {i}"] = [[plain(preds), plain(target)] for preds, target in batches]
        samples.append({"metric": name, "options": options, "batches": f"numbers {i}", "value": plain(value)})
    head = {"torchmetrics": torchmetrics.__version__, "torch": torch.__version__}
    lines = ['{"versions":' + json.dumps(head) + ',"batches":{']
    lines.append(",\n".join(f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'))}" for name, value in sets.items()))
    lines.append('},"samples":[')
    lines.append(",\n".join(json.dumps(sample, separators=(",", ":")) for sample in samples))
    lines.append("]}")
    PATH.write_text("\n".join(lines) + "\n")
    print(len(samples), "samples")


if __name__ == "__main__":
    main()
