"""Build the untrained network that finds the marks of written numbers."""

from typing import Any

from recognizer.marks import OUTPUTS
from trainer.backend import load_keras

#: Maps at half, a quarter, and an eighth by a quarter of the picture's size.
WIDTHS = (32, 64, 104)
#: Residual blocks of two convolutions, on the smallest maps.
BLOCKS = 3


def build(policy: str = "float32", size: tuple[int | None, int | None] = (None, None)) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build it with fresh weights: `(n, h, w, 1)` uint8 to `(n, h / 8, w / 4, OUTPUTS)` float32. Imports Keras.

    `h` is a multiple of 8 and `w` of 4. `policy` is Keras's dtype policy; weights are float32 under each policy.
    """
    keras = load_keras()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        return _built(keras, size)
    finally:
        keras.config.set_dtype_policy(before)


def _built(keras: Any, size: tuple[int | None, int | None]) -> Any:  # noqa: ANN401 - likewise
    """Build it without batch normalisation, which would take half of the training's time.

    Each residual block starts as the identity (Zhang et al. 2019, "Fixup"), so that the deep network learns at once.
    """
    layers = keras.layers
    pixels = keras.Input((*size, 1), dtype="uint8", name="pixels")
    x = layers.Rescaling(1 / 255, name="scale")(pixels)
    fine, middle, coarse = WIDTHS
    x = _convolved(layers, _convolved(layers, x, fine, 2), fine)
    x = _convolved(layers, _convolved(layers, x, middle, 2), middle)
    x = _convolved(layers, x, coarse, (2, 1))
    for _ in range(BLOCKS):
        y = layers.Conv2D(coarse, 3, padding="same", kernel_initializer="zeros")(_convolved(layers, x, coarse))
        x = layers.ReLU()(layers.Add()([x, y]))
    cells = layers.Conv2D(OUTPUTS, 1, dtype="float32", name="cells")(x)
    return keras.Model(pixels, cells, name="numbers")


def _convolved(layers: Any, x: Any, width: int, stride: int | tuple[int, int] = 1) -> Any:  # noqa: ANN401 - likewise
    made = layers.Conv2D(width, 3, strides=stride, padding="same", kernel_initializer="he_normal")(x)
    return layers.ReLU()(made)
