"""Learning rates that change from step to step."""

from conv_denoiser.networks.backend import keras

__all__ = ["cosine_decay"]


def cosine_decay(
    learning_rate: float, n_steps: int, *, warmup: float = 0.0
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Make a learning rate that falls to zero along half a cosine.

    Parameters
    ----------
    learning_rate : float
        The highest rate.
    n_steps : int
        Training steps of the fit, one a batch: epochs times batches an epoch.
    warmup : float, default=0.0
        Share of the steps, less than 1, over which the rate rises from zero at first.

    Returns
    -------
    keras.optimizers.schedules.CosineDecay
        A schedule for ``ConvDenoiser(learning_rate=...)``.

    See Also
    --------
    conv_denoiser.ConvDenoiser : Its parameter `learning_rate` takes the schedule.

    Examples
    --------
    >>> from conv_denoiser.training import cosine_decay
    >>> rate = cosine_decay(0.002, 100, warmup=0.1)
    >>> [round(float(rate(step)), 6) for step in (0, 5, 10, 55, 100)]
    [0.0, 0.001, 0.002, 0.001, 0.0]
    """
    n_rising = round(warmup * n_steps)
    if n_rising == 0:
        return keras.optimizers.schedules.CosineDecay(learning_rate, n_steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, n_steps - n_rising, warmup_target=learning_rate, warmup_steps=n_rising
    )
