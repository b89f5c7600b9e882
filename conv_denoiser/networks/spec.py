"""What a network is, without what it learned. Free of Keras until it is built."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conv_denoiser.networks.weight_shapes import (
    MAX_LEVELS,
    WEIGHT_SHAPES,
    Shape,
    shortest_signal,
    variance_shapes,
)

if TYPE_CHECKING:
    import keras

__all__ = ["NetworkSpec"]


@dataclass(frozen=True)
class NetworkSpec:
    """All that decides which network is built.

    `architecture` is the name of one of our networks, or a callable ``(n_channels, filters,
    kernel_size) -> keras.Model``, which decides itself what it makes of the rest. A network that
    `gives_variance` has twice the channels: the signals, and the log variances of their errors.
    Signals of fewer timesteps than `shortest`, of which it learned nothing, are mirrored.
    """

    architecture: "str | Callable[..., keras.Model]"
    n_channels: int
    filters: tuple[int, ...]
    kernel_size: int
    max_norm: float | None
    output_activation: str
    predicts_noise: bool
    gives_variance: bool = False
    shortest: int = 1

    @property
    def n_outputs(self) -> int:
        """Number of channels that the network gives back."""
        return (1 + self.gives_variance) * self.n_channels

    def build(self, seed: int = 0) -> "keras.Model":
        """Build the network, with initial weights drawn from `seed`."""
        from conv_denoiser.networks.builders import build_network

        return build_network(self, seed)

    def weight_shapes(self) -> list[Shape] | None:
        """Return the shapes of its weights without building it; None for a callable."""
        if callable(self.architecture):
            return None
        n_channels, filters, size = self.n_channels, self.filters, self.kernel_size
        shapes = list(WEIGHT_SHAPES[self.architecture](n_channels, filters, size))
        if self.gives_variance:
            shapes += variance_shapes(n_channels, filters[0], size)
        return shapes

    def check_weight_shapes(self, shapes: Sequence[Shape]) -> None:
        """Raise ValueError where arrays of a file cannot be the weights of this network."""
        if callable(self.architecture):
            numbers = (*self.filters, self.kernel_size, self.n_channels)
            if max(numbers) > 2**16 or len(self.filters) > 64:
                raise ValueError("a network of such a size is not to be expected")
        elif not 0 < len(self.filters) <= MAX_LEVELS[self.architecture]:
            raise ValueError(f"a network of {len(self.filters)} levels is not to be expected")
        elif list(shapes) != self.weight_shapes():
            raise ValueError("the weights have other shapes than those of the network")

    def padded_length(self, n_timesteps: int) -> int:
        """Return the least length, from `n_timesteps` up, that the network gives back unchanged."""
        if callable(self.architecture):
            from conv_denoiser.networks.geometry import padded_length

            return padded_length(self.build(), n_timesteps, self)
        shortest = shortest_signal(self.architecture, self.filters, self.kernel_size)
        return max(n_timesteps, shortest, self.shortest)
