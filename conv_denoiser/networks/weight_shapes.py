"""Shapes of the weights of our networks, known without building them.

A file says how large a network is. Before memory is taken for it, its weights must be there.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

__all__ = [
    "MAX_LEVELS",
    "N_VARIANCE_FILTERS",
    "STRIDE",
    "U_NETS",
    "WEIGHT_SHAPES",
    "Shape",
    "shortest_signal",
    "variance_shapes",
]

Shape = tuple[int, ...]
# One network in two sizes.
U_NETS = ("unet", "unet-small")
# Timesteps that one timestep of the next level of a U-Net stands for.
STRIDE = 4
# Features that the variance of an error is made of.
N_VARIANCE_FILTERS = 16
# Levels that a file may ask for: those of a U-Net pad signals to multiples of 4 ** (levels - 1).
MAX_LEVELS = {"autoencoder": 16, "unet": 7, "unet-small": 7}


def _autoencoder(n_channels: int, filters: Sequence[int], kernel_size: int) -> Iterator[Shape]:
    before = n_channels
    for n_filters in filters:
        yield from ((kernel_size, before, n_filters), (n_filters,))
        before = n_filters
    for n_filters in reversed(filters):
        yield from ((kernel_size, n_filters, before), (n_filters,))
        before = n_filters
    yield from ((kernel_size, before, n_channels), (n_channels,))


def _unet(n_channels: int, filters: Sequence[int], kernel_size: int) -> Iterator[Shape]:
    def convolution(before: int, after: int, size: int = kernel_size) -> tuple[Shape, Shape]:
        return (size, before, after), (after,)

    def residual_block(n_filters: int) -> tuple[Shape, ...]:
        return convolution(n_filters, n_filters) * 2

    yield from convolution(n_channels, filters[0])
    yield from residual_block(filters[0])
    for before, after in pairwise(filters):
        yield from convolution(before, after, max(kernel_size, STRIDE))
        yield from residual_block(after)
    yield from residual_block(filters[-1])
    for before, after in pairwise(reversed(filters)):
        yield from ((2 * STRIDE, after, before), (after,))
        yield from residual_block(after)
    yield from convolution(filters[0], n_channels)


def variance_shapes(n_channels: int, n_features: int, kernel_size: int) -> Iterator[Shape]:
    """Yield the shapes of what makes a variance of features and of what denoises."""
    yield from ((kernel_size, n_features + n_channels, N_VARIANCE_FILTERS), (N_VARIANCE_FILTERS,))
    yield from ((kernel_size, N_VARIANCE_FILTERS, n_channels), (n_channels,))


def shortest_signal(architecture: str, filters: Sequence[int], kernel_size: int) -> int:
    """Return the number of timesteps that a network needs, and pads shorter signals to."""
    if architecture in U_NETS:
        return 1  # it pads by itself, to a multiple of its lowest level's stride
    return len(filters) * (kernel_size - 1) + 1


WEIGHT_SHAPES: dict[str, Callable[[int, Sequence[int], int], Iterator[Shape]]] = {
    "autoencoder": _autoencoder,
    "unet": _unet,
    "unet-small": _unet,
}
