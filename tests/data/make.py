"""Make the model file of the current format, which later versions must still read.

python tests/data/make.py
"""

from pathlib import Path

import numpy as np

from conv_denoiser import ConvDenoiser, SignalGenerator, save
from conv_denoiser.model_files.untrusted import FORMAT
from conv_denoiser.noise import GaussianNoise, RecordedNoise

noise = GaussianNoise(snr_db=(0, 12)) + RecordedNoise(np.linspace(-1, 1, 64), scale=0.1)
generator = SignalGenerator("sine", n_timesteps=32, random_state=0)
noisy, clean = generator.sample(40, return_X_y=True)
denoiser = ConvDenoiser("unet", filters=(3, 4), epochs=2, noise=noise, random_state=0).fit(clean)
path = Path(__file__).parent / f"format_{FORMAT}.safetensors"
save(denoiser, path, sampling_rate=100, units="mV")
np.savez(path.with_suffix(".npz"), noisy=noisy[:3], denoised=denoiser.transform(noisy[:3]))
