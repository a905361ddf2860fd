"""Writes the files that the readers of packages/data are tested with: Parquet by Arrow's own writer, images by Pillow with the pixels that it reads in them.
Needs `pip install pyarrow pillow`."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

FIXTURES = Path(__file__).resolve().parents[2] / "packages" / "data" / "fixtures"


def parquet():
    columns = {
        "id": pa.array([1, 2, 3, 2**40, 5], pa.int64()),
        "small": pa.array([-1, 2, 127, -128, 0], pa.int8()),
        "x": pa.array([0.5, -1.25, float("inf"), 3, 4e-3], pa.float32()),
        "y": pa.array([1.5, None, 2.5, None, -1], pa.float64()),
        "ok": pa.array([True, False, True, True, False]),
        "name": pa.array(["a", "bb", "", "dé", "e"]),
        "maybe": pa.array([1, None, 3, 4, 5], pa.int32()),
        "vec": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0]], pa.list_(pa.float32())),
        "when": pa.array([0, 1, 2, 3, 4], pa.timestamp("ms")),
    }
    for compression in ["snappy", "zstd"]:
        pq.write_table(pa.table(columns), FIXTURES / f"table.{compression}.parquet", compression=compression, row_group_size=2)


def images():
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:11, 0:13]
    colours = np.stack([x * 19, y * 23, (x + y) * 10], axis=-1).astype(np.uint8)
    noise = rng.integers(0, 256, (11, 13, 3), dtype=np.uint8)
    opacity = np.concatenate([noise, (x * y % 256)[..., None].astype(np.uint8)], axis=-1)
    grey = Image.fromarray(noise[..., 0])
    deep = Image.fromarray((noise[..., 0].astype(np.uint16) << 8) | noise[..., 1])
    files = {
        "rgb.png": (Image.fromarray(noise), {}),
        "rgba.png": (Image.fromarray(opacity), {}),
        "grey.png": (grey, {}),
        "grey-alpha.png": (Image.fromarray(opacity).convert("LA"), {}),
        "palette.png": (Image.fromarray(colours).convert("P", palette=Image.ADAPTIVE, colors=13), {}),
        "bits.png": (grey.convert("1"), {}),
        "deep.png": (deep, {}),
        "rgb.jpg": (Image.fromarray(colours), {"quality": 95, "subsampling": 0}),
        "grey.jpg": (Image.fromarray(colours[..., 2]), {"quality": 95}),
        "progressive.jpg": (Image.fromarray(colours), {"quality": 95, "subsampling": 0, "progressive": True}),
    }
    lines = []
    for name, (image, options) in files.items():
        file = io.BytesIO()
        image.save(file, "JPEG" if name.endswith("jpg") else "PNG", **options)
        read = Image.open(file)
        # of sixteen bits the upper eight, which Pillow would clip
        eight = Image.fromarray((np.asarray(read) >> 8).astype(np.uint8)) if name == "deep.png" else read
        pixels = {mode: np.asarray(eight.convert(mode)).reshape(-1).tolist() for mode in ["RGB", "L", "RGBA"]}
        lines.append(json.dumps({"name": name, "base64": base64.b64encode(file.getvalue()).decode(), "pixels": pixels}, separators=(",", ":")))
    (FIXTURES / "images.json").write_text('{"height":11,"width":13,"files":[\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    parquet()
    images()
