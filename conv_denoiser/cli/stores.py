"""The command that denoises zarr stores, by processes of this machine or by a cluster."""

import argparse
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from conv_denoiser.cli.parser import OVERLAP
from conv_denoiser.cli.shell import Stopped
from conv_denoiser.export.opening import open_model

__all__ = ["denoise_stores", "is_store"]

# Options of the command for files, which say nothing of stores, with their defaults.
FOR_FILES = {
    "plot": None,
    "report": None,
    "start": None,
    "end": None,
    "channels": None,
    "units": None,
    "format": "csv",
    "rows": None,
    "sampling_rate": None,
    "jobs": 1,
    "resample": True,
}


def is_store(path: Path | str) -> bool:
    """Whether a path is that of a zarr store, after which the name of an array may stand."""
    return str(path).partition("::")[0].rstrip("/").lower().endswith(".zarr")


def denoise_stores(options: argparse.Namespace, sources: list[str]) -> None:
    """Denoise a recording from one store to another."""
    if options.output is None or len(sources) != 1:
        raise ValueError("Stores are denoised one by one: give one recording, and --output.")
    if not (is_store(sources[0]) and is_store(options.output)):
        raise ValueError(
            f"A store is denoised into a store: both end in .zarr. Got {sources[0]!r} and "
            f"{str(options.output)!r}."
        )
    for name, default in FOR_FILES.items():
        if getattr(options, name) != default:
            option = {"resample": "no-resample", "rows": "rows or --columns"}.get(name, name)
            option = option.replace("_", "-")
            raise ValueError(f"--{option} is for files, and not for zarr stores.")
    from conv_denoiser.distributed.stores import denoise_store

    start = time.perf_counter()
    try:
        denoised = denoise_store(
            sources[0],
            options.output,
            **_denoising(options),
            workers=options.workers,
            scheduler=options.scheduler,
            channelwise=options.channelwise,
            progress=not options.quiet and sys.stderr.isatty() and find_spec("tqdm") is not None,
        )
    except KeyboardInterrupt as error:
        outcome = "what is done stays done, and the same command goes on with the rest"
        raise Stopped.of(error, outcome) from error
    if not options.quiet:
        seconds = time.perf_counter() - start
        print(f"{options.output}: {max(denoised.shape):,} samples denoised in {seconds:.1f} s")


def _denoising(options: argparse.Namespace) -> dict[str, Any]:
    """Return which denoiser to take, and how."""
    if options.model == "ecg":
        raise ValueError("--model ecg is for files, and not for zarr stores.")
    if options.model in (None, "universal"):
        if options.threads is not None or options.overlap != OVERLAP:
            raise ValueError("--threads and --overlap are for models of your own: see --model.")
        return {"noise_std": options.noise_std, "strength": options.strength}
    if options.noise_std is not None or options.strength != 1:
        raise ValueError("--noise-std and --strength are for denoising without --model.")
    model = open_model(options.model, options.threads)
    return {"denoiser": model, "overlap": options.overlap}
