"""Weights that others have published: from torch.hub's folder or their address, checked whenever they are read."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from gan_zoo.errors import Mistake


def published(address: str, sha256: str) -> dict[str, Tensor]:
    """Return the tensors of the file at `address`; nothing in it is executed.

    Args:
        address: where the file is published.
        sha256: of its content, or the beginning of it that torchvision puts into the file's name.

    Raises:
        OSError: the file is not in torch.hub's folder, and cannot be downloaded whole.
        Mistake: the file that is there is another one.
    """
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / address.rpartition("/")[2]
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(address, str(file), hash_prefix=sha256)
        except RuntimeError as error:  # it was cut or changed on its way, and is not kept
            raise OSError(str(error)) from error
    with open(file, "rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if not found.startswith(sha256):
        raise Mistake(
            f"{file} is not what was published: its sha256 is {found[:16]} ..., not {sha256[:16]}: delete it."
        )
    return torch.load(file, weights_only=True, map_location="cpu")
