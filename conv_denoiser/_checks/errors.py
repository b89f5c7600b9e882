"""The error for files that are not models of ours."""

__all__ = ["ModelFileError"]


class ModelFileError(ValueError):
    """A file is not a model of ours: another kind of file, damaged, or of an unknown version.

    Examples
    --------
    >>> import tempfile
    >>> from conv_denoiser import load
    >>> from conv_denoiser.persistence import ModelFileError
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     try:
    ...         load(file.name)
    ...     except ModelFileError:
    ...         print("not a model")
    not a model
    """
