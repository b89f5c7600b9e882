"""Small networks, written anew, for `ConvDenoiser(architecture=...)`.

Each is a callable ``(n_channels, filters, kernel_size) -> keras.Model`` that decides its own
filters. Signals of any length are padded for the lowest level, and cropped again.
"""

import keras
from keras import layers

from conv_denoiser.networks.unet import CropLike, PadToMultiple

__all__ = ["fcn_dae", "separable_unet"]


def fcn_dae(n_channels: int, filters: object, kernel_size: object) -> keras.Model:
    """Build the fully convolutional denoising autoencoder of Chiang et al. (2019).

    Five strided convolutions down to one channel at a 32nd of the rate, and five up again, of
    kernel size 16, each with ELU and batch normalisation. doi:10.1109/ACCESS.2019.2912036
    """
    inputs = keras.Input((None, n_channels))
    x = PadToMultiple(32)(inputs)
    for n_filters in (40, 20, 20, 20, 40):
        x = layers.Conv1D(n_filters, 16, 2, padding="same", activation="elu")(x)
        x = layers.BatchNormalization()(x)
    x = layers.Conv1D(1, 16, padding="same", activation="elu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv1DTranspose(1, 16, padding="same", activation="elu")(x)
    x = layers.BatchNormalization()(x)
    for n_filters in (40, 20, 20, 20, 40):
        x = layers.Conv1DTranspose(n_filters, 16, 2, padding="same", activation="elu")(x)
        x = layers.BatchNormalization()(x)
    x = layers.Conv1DTranspose(n_channels, 16, padding="same")(x)
    return keras.Model(inputs, CropLike()([x, inputs]), name="fcn_dae")


def separable_unet(n_channels: int, filters: object, kernel_size: object) -> keras.Model:
    """Build a U-Net of depthwise separable convolutions, about 40,000 parameters."""
    widths = (16, 32, 40, 56)
    inputs = keras.Input((None, n_channels))
    x = layers.Conv1D(widths[0], 9, padding="same", activation="relu")(
        PadToMultiple(4 ** (len(widths) - 1))(inputs)
    )
    way_down = []
    for width in widths[1:]:
        x = _residual(x)
        way_down.append(x)
        x = layers.SeparableConv1D(width, 9, 4, padding="same", activation="relu")(x)
    x = _residual(_residual(x))
    for skipped in reversed(way_down):
        x = layers.Conv1D(skipped.shape[-1], 1)(layers.UpSampling1D(4)(x))
        x = _residual(layers.Add()([x, skipped]))
    x = layers.Conv1D(n_channels, 9, padding="same", kernel_initializer="zeros")(x)
    outputs = layers.Subtract()([inputs, CropLike()([x, inputs])])
    return keras.Model(inputs, outputs, name="separable_unet")


def _residual(x: keras.KerasTensor) -> keras.KerasTensor:
    """Add two separable convolutions to what they are given."""
    width = x.shape[-1]
    y = layers.SeparableConv1D(width, 9, padding="same", activation="relu")(x)
    y = layers.SeparableConv1D(width, 9, padding="same")(y)
    return layers.Add()([x, y])
