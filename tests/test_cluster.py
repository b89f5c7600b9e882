"""A real cluster of processes: the bits of one process, models opened once, their threads."""

import dask.array as da
import numpy as np
import pytest
from conftest import small_denoiser
from dask.distributed import Client
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import StandardizePerSample, denoise_recording
from conv_denoiser.distributed.models import Shipped
from conv_denoiser.export import OnnxDenoiser

pytestmark = pytest.mark.usefixtures("in_this_thread")


@pytest.mark.slow
class TestCluster:
    @pytest.fixture
    def client(self, cluster):
        with Client(cluster) as client:
            yield client

    def test_same_bits(self, client, learned, onnx_file, recording):
        pipeline = make_pipeline(StandardizePerSample(), FunctionTransformer(np.tanh))
        long = np.tile(recording, 10)
        one, other = client.scheduler_info()["workers"]
        for denoiser in (learned, OnnxDenoiser(onnx_file), pipeline):
            options = {"window": 64 if denoiser is pipeline else None, "batch_size": 8}
            denoised = denoise_recording(denoiser, da.from_array(long, chunks=999), **options)
            # TensorFlow, which rounds by its number of threads, is started in one process.
            workers = [one] if denoiser is learned else [one, other]
            result = client.compute(denoised, workers=workers).result()
            array = client.submit(
                denoise_recording, denoiser, long, workers=one, **options
            ).result()
            assert result.tobytes() == array.tobytes()
            if denoiser is not learned:
                assert array.tobytes() == denoise_recording(denoiser, long, **options).tobytes()

    def test_models_take_as_many_threads_as_the_worker(self, client, learned, onnx_file):
        def threads(shipped):
            import os

            from conv_denoiser.networks.backend import tf
            from conv_denoiser.pretrained.universal import universal

            model = shipped.open()
            model.transform(np.zeros((1, 150)))
            sessions = [model[0]._session, universal().__closure__[0].cell_contents]
            return [
                int(os.environ["OMP_NUM_THREADS"]),
                tf.config.threading.get_intra_op_parallelism_threads()
                or int(os.environ["TF_NUM_INTRAOP_THREADS"]),  # as the tests in processes have it
                *(session.get_session_options().intra_op_num_threads for session in sessions),
            ]

        pipeline = make_pipeline(OnnxDenoiser(onnx_file), learned)
        one = next(iter(client.scheduler_info()["workers"]))
        assert client.submit(threads, Shipped.of(pipeline), workers=one).result() == [1] * 4

    def test_searches(self, client, parabolas):
        def search(n_jobs=None):
            grid = {"learning_rate": [0.01, 0.001]}
            found = GridSearchCV(small_denoiser(), grid, cv=2, refit=False, n_jobs=n_jobs)
            return found.fit(*parabolas).cv_results_["mean_test_score"]

        with parallel_config("dask"):
            scores = search(n_jobs=2)
        # One thread, as the workers have.
        alone = client.submit(search).result()
        np.testing.assert_array_equal(scores, alone)

    def test_a_model_is_opened_once_a_process(self, client, tmp_path):
        path = tmp_path / "opened"

        class Counted(FunctionTransformer):
            def __setstate__(self, state):
                import os

                super().__setstate__(state)
                with open(path, "a") as file:
                    file.write(f"{os.getpid()}\n")

        lazy = denoise_recording(Counted(np.tanh), da.zeros(40_000, chunks=1000), window=50)
        client.compute(lazy).result()
        opened = path.read_text().split()
        assert len(opened) == len(set(opened)) == 2
