"""How a network learns."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv_denoiser.training.schedules import cosine_decay

__all__ = ["cosine_decay"]


if not TYPE_CHECKING:  # a plan needs no Keras, which a schedule does

    def __getattr__(name: str) -> object:
        if name != "cosine_decay":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from conv_denoiser.training.schedules import cosine_decay

        return cosine_decay
