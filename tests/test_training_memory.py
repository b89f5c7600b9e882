"""What training leaves behind, and what it shares with other threads: nothing."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import keras
import pytest
from conftest import small_denoiser


@pytest.mark.slow
def test_refits_leave_no_graphs_behind(parabolas):
    def graphs():
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    denoiser = small_denoiser().fit(*parabolas)
    denoiser.fit(*parabolas)
    before = graphs()
    for _ in range(3):
        denoiser.fit(*parabolas)
    assert graphs() <= before


@pytest.mark.slow
def test_old_networks_are_collected_in_time(parabolas):
    """Long before Python itself would, which is switched off here."""

    def graphs():
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        counts = []
        for _ in range(9):
            small_denoiser().fit(*parabolas)
            counts.append(graphs())
    finally:
        gc.enable()
    assert min(counts[4:]) <= counts[0]
    assert max(counts) < 5 * counts[0] + 50


@pytest.mark.slow
def test_a_training_step_is_traced_once(parabolas):
    class Traced(keras.layers.Layer):
        def call(self, x, training=None):
            if training:
                traces.append(x)
            return x

    def network(n_channels, filters, kernel_size):
        inputs = keras.Input((None, n_channels))
        return keras.Model(inputs, keras.layers.Conv1D(1, 3, padding="same")(Traced()(inputs)))

    traces = []
    small_denoiser(architecture=network, epochs=2).fit(*parabolas)
    assert len(traces) == 1


@pytest.mark.slow
def test_signals_are_let_go_after_a_fit(parabolas):
    X, y = (array.copy() for array in parabolas)
    denoiser = small_denoiser().fit(X, y)
    references = weakref.ref(X), weakref.ref(y)
    del X, y
    assert [reference() for reference in references] == [None, None]
    assert denoiser.n_epochs_ == 1


@pytest.mark.slow
def test_fits_in_threads_give_what_they_give_alone(parabolas):
    alone = small_denoiser(epochs=2).fit(*parabolas).history_
    with ThreadPoolExecutor(3) as threads:
        fits = threads.map(lambda _: small_denoiser(epochs=2).fit(*parabolas), range(6))
        assert [denoiser.history_ for denoiser in fits] == [alone] * 6
