"""Published weights: read from torch.hub's folder or downloaded, with their hash checked every time."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from gan_zoo.errors import Mistake


def published(address: str, sha256: str) -> dict[str, Tensor]:
    """Return the tensors of the file at `address`. No code in the file is executed.

    Args:
        address: Address of the published file.
        sha256: The SHA-256 of its content, or the beginning of it, which torchvision puts into the file's name.

    Raises:
        OSError: The file is not in torch.hub's folder, and the download fails.
        Mistake: The file in torch.hub's folder has another hash.
    """
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / address.rpartition("/")[2]
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(address, str(file), hash_prefix=sha256)
        except RuntimeError as error:  # the download was cut or changed, and is not kept
            raise OSError(str(error)) from error
    with open(file, "rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if not actual.startswith(sha256):
        raise Mistake(
            f"{file} is not what was published: its sha256 is {actual[:16]} ..., not {sha256[:16]}: delete it."
        )
    return torch.load(file, weights_only=True, map_location="cpu")
