"""Vibration of rotating machines: shafts, gears, and bearings with a fault.

`vibration` draws machines and how they shake. Who needs to know which machine it was, as a
benchmark of diagnosis does, calls `machines` and `vibration_of`.
"""

from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

from conv_denoiser._typing import Array

__all__ = ["Machines", "machines", "revolutions", "vibration", "vibration_of"]

# Tones above this share of the sampling rate would be mirrored, and are left out.
FASTEST = 0.5
N_SHAFT, N_MESH, N_SIDEBANDS = 4, 3, 2


class Machines(NamedTuple):
    """Rotating machines, one a row; arrays of shape (n_machines, 1) unless stated otherwise.

    Attributes
    ----------
    speed : ndarray
        Revolutions of the shaft per second (Hz) in the middle of the signal.
    run_up : ndarray
        Change of the speed over the signal, as a share of it; 0 where it is constant.
    shaft, mesh : ndarray of shape (n_machines, 4) and (n_machines, 3)
        Amplitudes of the harmonics of the shaft, and of the gear mesh.
    teeth : ndarray
        Teeth of the gear on the shaft: the mesh has this multiple of the shaft's frequency.
    sidebands : ndarray
        How deeply the shaft modulates the mesh, in amplitude and in phase (rad).
    order : ndarray
        Impacts of the faulty bearing per revolution of the shaft.
    impact : ndarray
        Amplitude of the ringing after an impact; 0 for a bearing without a fault.
    load : ndarray
        How deeply the load zone modulates the impacts, once per revolution.
    slip : ndarray
        Standard deviation of the interval from impact to impact, as a share of it.
    resonance : ndarray of shape (n_machines, 2)
        Frequencies that ring after an impact, as shares of the sampling rate.
    damping : ndarray of shape (n_machines, 2)
        Their damping ratios.
    """

    speed: Array
    run_up: Array
    shaft: Array
    mesh: Array
    teeth: Array
    sidebands: Array
    order: Array
    impact: Array
    load: Array
    slip: Array
    resonance: Array
    damping: Array


def machines(n_machines: int, rng: np.random.Generator) -> Machines:
    """Draw machines: 15 to 60 revolutions per second, a third in run-up or coast-down.

    Three in four have a faulty bearing, with 2.5 to 6.5 impacts per revolution, as outer and inner
    races of common ball bearings have.

    Parameters
    ----------
    n_machines : int
        Number of machines.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Machines
        One a row.

    Examples
    --------
    >>> import numpy as np
    >>> drawn = machines(1000, np.random.default_rng(0))
    >>> float(np.mean(drawn.impact > 0).round(2))  # faulty bearings
    0.76
    """
    column = (n_machines, 1)
    shaft = rng.uniform(0, 1, (n_machines, N_SHAFT)) / np.arange(1, N_SHAFT + 1)
    mesh = rng.uniform(0, 0.5, (n_machines, N_MESH)) / np.arange(1, N_MESH + 1)
    return Machines(
        speed=np.exp(rng.uniform(np.log(15), np.log(60), column)),
        run_up=rng.choice([0, 0, 1], column) * rng.uniform(-0.5, 0.5, column),
        shaft=shaft * rng.uniform(0.2, 1, column),
        mesh=mesh * rng.uniform(0, 1, column),
        teeth=rng.integers(17, 44, column).astype(float),
        sidebands=rng.uniform(0, 0.6, column),
        order=rng.uniform(2.5, 6.5, column),
        impact=rng.choice([0, 1, 1, 1], column) * np.exp(rng.uniform(np.log(0.3), 1, column)),
        load=rng.choice([0, 1], column) * rng.uniform(0.3, 1, column),
        slip=rng.uniform(0.002, 0.02, column),
        resonance=rng.uniform(0.1, 0.4, (n_machines, 2)),
        damping=np.exp(rng.uniform(np.log(0.02), np.log(0.08), (n_machines, 2))),
    )


def vibration(n_signals: int, time: Array, rng: np.random.Generator) -> Array:
    """Draw the vibration of rotating machines, as an accelerometer has it; `time` in seconds.

    The sum of what the usual models of diagnosis hold: harmonics of the shaft; tones of a gear mesh
    with sidebands at the shaft's frequency [1]_; and, for three bearings in four, impacts of a
    fault, each of which makes two resonances of the machine ring [2]_. The intervals between
    impacts vary (the balls slip), and their strength may vary with the load, once per revolution.
    In one signal in three the machine runs up or down. Amplitudes have no unit: those of the shaft
    are at most 1, those of ringing up to about 3. Resonances lie at 0.1 to 0.4 of the sampling
    rate; tones above half of it are left out.

    Parameters
    ----------
    n_signals : int
        Number of signals.
    time : ndarray of shape (n_timesteps,)
        In seconds, evenly spaced.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_signals, n_timesteps)
        Clean signals.

    References
    ----------
    .. [1] P. D. McFadden. "Detecting fatigue cracks in gears by amplitude and phase demodulation of
       the meshing vibration". J. Vib. Acoust. 108(2), 1986. doi:10.1115/1.3269317
    .. [2] R. B. Randall, J. Antoni. "Rolling element bearing diagnostics: a tutorial". Mechanical
       Systems and Signal Processing 25(2), 2011. doi:10.1016/j.ymssp.2010.07.017

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator
    >>> SignalGenerator("vibration", random_state=0).sample(3).clean.shape  # 0.34 s at 12 kHz
    (3, 4096)
    """
    return vibration_of(machines(n_signals, rng), time, rng)


def vibration_of(drawn: Machines, time: Array, rng: np.random.Generator) -> Array:
    """Return how given machines shake.

    Parameters
    ----------
    drawn : Machines
        The machines, one a row.
    time : ndarray of shape (n_timesteps,)
        In seconds, evenly spaced.
    rng : numpy.random.Generator
        Source of randomness, for phases, slip and the strength of impacts.

    Returns
    -------
    ndarray of shape (n_machines, n_timesteps)
        Vibration; `vibration` says what it is made of.
    """
    step = time[1] - time[0] if time.size > 1 else 1.0
    turns, speed = revolutions(drawn, time, step)
    turns = turns + rng.random((len(turns), 1))
    signals = _shaft(drawn, turns, speed * step, rng) + _mesh(drawn, turns, speed * step, rng)
    for row in np.flatnonzero(drawn.impact):
        signals[row] += _bearing(Machines(*(field[row] for field in drawn)), turns[row], rng)
    return signals


def revolutions(drawn: Machines, time: Array, step: float) -> tuple[Array, Array]:
    """Return how far shafts have turned, as a tachometer tells.

    Parameters
    ----------
    drawn : Machines
        The machines, one a row.
    time : ndarray of shape (n_timesteps,)
        In seconds; only its length counts.
    step : float
        Time from sample to sample, in seconds.

    Returns
    -------
    turns : ndarray of shape (n_machines, n_timesteps)
        Revolutions since the start.
    speed : ndarray of shape (n_machines, n_timesteps)
        Revolutions per second (Hz).
    """
    x = (np.arange(time.size) + 0.5) / time.size
    speed = drawn.speed * (1 + drawn.run_up * (x - 0.5))
    return np.cumsum(speed * step, axis=1), speed


def _tone(turns: Array, frequency: Array, amplitude: Array, rng: np.random.Generator) -> Array:
    """Return tones, those too fast for the sampling left out; `frequency` per sample."""
    phase = 2 * np.pi * (turns + rng.random((len(turns), 1)))
    return np.where(frequency < FASTEST, amplitude, 0) * np.cos(phase)


def _shaft(drawn: Machines, turns: Array, frequency: Array, rng: np.random.Generator) -> Array:
    harmonics = range(1, N_SHAFT + 1)
    tones = (_tone(k * turns, k * frequency, drawn.shaft[:, k - 1 : k], rng) for k in harmonics)
    return sum(tones, np.zeros_like(turns))


def _mesh(drawn: Machines, turns: Array, frequency: Array, rng: np.random.Generator) -> Array:
    signals: Array = np.zeros_like(turns)
    once, again = (2 * np.pi * (turns + rng.random((len(turns), 1))) for _ in range(2))
    # So many sidebands at either side hold nearly all of the power of the modulated tone.
    for k in range(1, N_MESH + 1):
        order = k * drawn.teeth
        wobble = drawn.sidebands * np.sin(again) / (2 * np.pi)
        fastest = (order + N_SIDEBANDS) * frequency
        tone = _tone(order * turns + wobble, fastest, drawn.mesh[:, k - 1 : k], rng)
        signals += tone * (1 + drawn.sidebands * np.cos(once))
    return signals


def _bearing(machine: Machines, turns: Array, rng: np.random.Generator) -> Array:
    """Return the ringing after the impacts of one machine, (n_timesteps,)."""
    n_impacts = int((turns[-1] - turns[0]) * machine.order[0] * 1.2) + 8
    intervals = (1 + machine.slip * rng.standard_normal(n_impacts)) / machine.order
    places = turns[0] - intervals[0] * rng.random() + np.cumsum(intervals)
    places = places[places <= turns[-1]]
    load = 1 + machine.load * (np.cos(2 * np.pi * places) - 1) / 2
    strength = machine.impact * load * (1 + 0.1 * rng.standard_normal(places.size))
    times = np.interp(places, turns, np.arange(turns.size))
    return _ringing(machine, times, strength, turns.size)


def _ringing(machine: Machines, times: Array, strength: Array, n_timesteps: int) -> Array:
    """Let two resonances ring, exact to fractions of samples: each as one complex pole."""
    signal: Array = np.zeros(n_timesteps)
    after = np.ceil(times).astype(int)
    for resonance, damping, share in zip(machine.resonance, machine.damping, (1, 0.5), strict=True):
        pole = 2 * np.pi * resonance * (1j - damping)
        blows: Array = np.zeros(n_timesteps, complex)
        np.add.at(blows, after, share * strength * np.exp(pole * (after - times)))
        signal += lfilter([1], [1, -np.exp(pole)], blows).imag
    return signal
