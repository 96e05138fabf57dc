"""Build the untrained networks; both scale their own input, as the model contract asks."""

from typing import Any, Literal, get_args

from recognizer.contract import CLASSES, SIDE
from trainer.backend import load_keras

Architecture = Literal["cnn", "mlp"]
ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)
#: Maps of the three resolutions of `cnn` (26, 12 and 6 pixels). Two cores train them in an hour and a half.
WIDTHS = (32, 64, 192)
#: Units in each of the hidden layers of `mlp`.
HIDDEN = (128, 128)
#: How fast batch normalisation forgets; short trainings need it faster than Keras's 0.99.
MOMENTUM = 0.95
DROPOUT = 0.3


def build(architecture: Architecture, policy: str = "float32") -> Any:  # noqa: ANN401 - Keras ships no types
    """Build a network with fresh weights: `(n, 28, 28, 1)` uint8 to `(n, 10)` float32 probabilities. Imports Keras.

    `policy` is Keras's dtype policy; weights are float32 under each policy.
    """
    keras = load_keras()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        return _built(keras, architecture)
    finally:
        keras.config.set_dtype_policy(before)


def _built(keras: Any, architecture: Architecture) -> Any:  # noqa: ANN401 - likewise
    pixels = keras.Input((SIDE, SIDE, 1), dtype="uint8", name="pixels")
    scaled = keras.layers.Rescaling(1 / 255, name="scale")(pixels)
    features = _convolutions(keras.layers, scaled) if architecture == "cnn" else _dense(keras.layers, scaled)
    digits = keras.layers.Dense(CLASSES, activation="softmax", dtype="float32", name="digits")(features)
    return keras.Model(pixels, digits, name=architecture)


def _dense(layers: Any, x: Any) -> Any:  # noqa: ANN401 - likewise
    x = layers.Flatten()(x)
    for units in HIDDEN:
        x = layers.Dense(units, activation="relu")(x)
    return x


def _convolutions(layers: Any, x: Any) -> Any:  # noqa: ANN401 - likewise
    """Two convolutions at each resolution; those without padding save a third of the work in the empty margin."""
    for width, paddings in zip(WIDTHS, (("valid", "valid"), ("same", "same"), ("same", "valid")), strict=True):
        for padding in paddings:
            x = layers.Conv2D(width, 3, padding=padding, use_bias=False)(x)
            x = layers.BatchNormalization(momentum=MOMENTUM)(x)
            x = layers.ReLU()(x)
        if width != WIDTHS[-1]:
            x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    return layers.Dropout(DROPOUT)(x)
