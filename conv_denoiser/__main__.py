"""Run the command line: ``python -m conv_denoiser``."""

import sys

from conv_denoiser.cli import main

if __name__ == "__main__":
    sys.exit(main())
