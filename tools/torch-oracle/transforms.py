"""Images transformed as torchvision defines it: by PyTorch's own resizing, and by numpy from the definitions (the matrices of an affine map multiplied
and inverted, pixel by pixel), since Debian has no torchvision."""

import math

import numpy as np
import torch

from cases import Draw
from encode import tensor

GREY = np.array([0.2989, 0.587, 0.114], dtype=np.float32)[:, None, None]


def samples():
    """A list of { name, args, input, output }."""
    draw = Draw(31)
    floats = draw.floats(3, 7, 9, low=0.0, high=1.0)
    bytes_ = draw.ints(3, 6, 5, low=0, high=256, dtype=torch.uint8)
    out = []

    def add(name, args, x, y):
        out.append({"name": name, "args": args, "input": tensor(x), "output": tensor(y)})

    for mode in ["bilinear", "bicubic"]:
        for size in [[4, 5], [3, 9], [14, 18], [1, 1], [5, 20]]:
            add("resize", [size, {"interpolation": mode}], floats, resized(floats, size, mode))
        small = resized(bytes_.float(), [3, 4], mode).round().clamp(0, 255).to(torch.uint8)
        add("resize", [[3, 4], {"interpolation": mode}], bytes_, small)

    for interpolation in ["nearest", "bilinear"]:
        for angle, translate, scale, shear in [
            [31, [0, 0], 1, [0, 0]], [90, [0, 0], 1, [0, 0]], [-73.5, [0, 0], 1, [0, 0]], [0, [2, -1], 1, [0, 0]], [0, [0, 0], 1.7, [0, 0]],
            [0, [0, 0], 1, [20, 0]], [0, [0, 0], 1, [0, -15]], [41, [1, 2], 0.6, [10, 25]],
        ]:  # fmt: skip
            options = {"translate": translate, "scale": scale, "shear": shear, "interpolation": interpolation}
            add("affine", [angle, options], floats, affine(floats, angle, translate, scale, shear, interpolation))

    for x in [floats.float(), bytes_]:
        for factor in [0, 0.4, 1, 1.8]:
            for name in ["adjustBrightness", "adjustContrast", "adjustSaturation"]:
                add(name, [factor], x, torch.from_numpy(adjusted(name, x.numpy(), factor)))
    return out


def resized(x, size, mode):
    return torch.nn.functional.interpolate(x[None], size=size, mode=mode, align_corners=False, antialias=True)[0]


def affine(x, angle, translate, scale, shear, interpolation):
    """M = T · C · R · S · SHy · SHx · C⁻¹; a pixel of the result comes from M⁻¹ of its middle."""
    a, sx, sy = (math.radians(v) for v in [angle, *shear])
    turn = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    shear_x = np.array([[1, -math.tan(sx)], [0, 1]])
    shear_y = np.array([[1, 0], [-math.tan(sy), 1]])
    back = np.linalg.inv(scale * turn @ shear_y @ shear_x)
    values = x.numpy()
    _, h, w = values.shape
    out = np.zeros_like(values)

    def pixel(i, j):
        return values[:, i, j] if 0 <= i < h and 0 <= j < w else np.zeros(values.shape[0])

    for i in range(h):
        for j in range(w):
            place = np.array([j + 0.5 - w / 2 - translate[0], i + 0.5 - h / 2 - translate[1]])
            u, v = back @ place + np.array([w / 2 - 0.5, h / 2 - 0.5])
            if interpolation == "nearest":
                out[:, i, j] = pixel(round(v), round(u))
                continue
            j0, i0 = math.floor(u), math.floor(v)
            du, dv = u - j0, v - i0
            out[:, i, j] = (
                pixel(i0, j0) * (1 - du) * (1 - dv) + pixel(i0, j0 + 1) * du * (1 - dv) + pixel(i0 + 1, j0) * (1 - du) * dv + pixel(i0 + 1, j0 + 1) * du * dv
            )
    return torch.from_numpy(out)


def adjusted(name, x, factor):
    """A blend of the image with black, with its mean brightness, or with its brightness."""
    whole = x.dtype == np.uint8
    image = x.astype(np.float32)
    grey = (image * GREY).sum(0, keepdims=True)
    if whole:
        grey = np.floor(grey)
    other = {"adjustBrightness": np.float32(0), "adjustContrast": grey.mean(), "adjustSaturation": grey}[name]
    mixed = np.float32(factor) * image + np.float32(1 - factor) * other
    return mixed.clip(0, 255 if whole else 1).astype(x.dtype)
