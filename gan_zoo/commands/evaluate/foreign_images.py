"""Images that are nobody's data module's: a folder, a zip or an .npz, as they are."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from datamodules.image_folder import images_in
from datamodules.images import Images, InMemory
from datamodules.names import count_name
from datamodules.order import Request
from datamodules.sources import Files, Source
from datamodules.stream import DataError
from gan_zoo.errors import Mistake
from gan_zoo.metrics.moments import Gaussian
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.metrics.references import References

THREADS = 4  # that decode: Pillow lets go of Python's lock


class Pictures:
    """The images of a folder or a zip at their own size, which is to be one.

    Args:
        path: the folder or zip.
        skip_damaged: leave damaged files out, after a look at each; else the first one ends it.

    Raises:
        DataError: no image there.
    """

    instant = True  # its own threads decode

    def __init__(self, path: Path, skip_damaged: bool = False) -> None:
        store, names = images_in(str(path), "train")
        name = path.resolve().stem.lower()
        self.source: Source = Files(name, store, names)
        if skip_damaged:
            whole = [names[index] for index in range(len(names)) if self._is_whole(index)]
            if len(whole) < len(names):
                print(f"{len(names) - len(whole)} damaged files of {path} are left out.")
            self.source = Files(name, store, whole)
        self.name, self.labels = f"{name}_{count_name(len(self.source))}", self.source.labels

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, request: Any) -> dict[str, Tensor]:
        indices = [int(i) for i in request.indices]
        with ThreadPoolExecutor(THREADS) as pool:
            made = list(pool.map(self.source.read, indices))
        for index, one in zip(indices, made, strict=True):
            if one.shape[:2] != made[0].shape[:2]:
                sizes = " and ".join(f"{one.shape[1]} x {one.shape[0]}" for one in (made[0], one))
                raise DataError(
                    f"{self.source.where(index)} is of another size than {self.source.where(indices[0])} ({sizes} "
                    "pixels): scores compare images of one size; resize them, or name an experiment's data."
                )
        channels = max(one.shape[2] for one in made)  # a grey one among colours is three equal channels
        image = np.stack([np.broadcast_to(one, (*one.shape[:2], channels)) for one in made])
        return {"image": torch.from_numpy(image).permute(0, 3, 1, 2).contiguous()}

    def fingerprint(self) -> str:
        return self.source.fingerprint()

    def _is_whole(self, index: int) -> bool:
        try:
            self.source.read(index)
        except DataError:
            return False
        return True


class Fixed:
    """Images that are there already, to be scored as somebody's.

    Args:
        real: they.
        conditions: under which they were made, as the user says.
    """

    unit = 1

    def __init__(self, real: Images, conditions: Conditions) -> None:
        self.real, self.conditions = real, conditions

    def images(self, first: int, count: int) -> Tensor:
        return self.real[Request(np.arange(first, first + count))]["image"]


class Statistics:
    """The `mu` and `sigma` of an .npz, in place of the images that they are of.

    Args:
        path: the file, of ours, pytorch-fid, clean-fid or TTUR.

    Raises:
        Mistake: it holds none.
    """

    instant = True

    def __init__(self, path: Path) -> None:
        self.gaussian = Gaussian.load(path)
        self.name = path.stem
        with np.load(path) as content:
            self.count = int(content["count"]) if "count" in content else 0

    def __len__(self) -> int:
        return self.count

    def fingerprint(self) -> str:
        tensors = self.gaussian.tensors()
        return hashlib.sha256(b"".join(one.numpy().tobytes() for one in tensors.values())).hexdigest()[:16]

    def references(self, metrics: tuple[str, ...], features: int) -> References:
        """For the Frechet distance, which is all that they say enough for.

        Raises:
            Mistake: other metrics, or statistics of another network's features.
        """
        if metrics != ("fd",):
            raise Mistake(f"{self.name}.npz holds mean and covariance: only --metrics fd compares with these.")
        if len(self.gaussian.mean) != features:
            raise Mistake(
                f"{self.name}.npz holds statistics of {len(self.gaussian.mean)} features; the extractor has {features}."
            )
        return {"fd": self.gaussian.tensors()}


def pictures(path: Path, skip_damaged: bool) -> Any:
    """The images, or their statistics, in a folder, a zip or an .npz.

    Raises:
        DataError: no images there.
        Mistake: an .npz of something else.
    """
    if path.suffix != ".npz":
        return Pictures(path, skip_damaged)
    try:
        with np.load(path, allow_pickle=False) as content:
            if "mu" in content:
                return Statistics(path)
            arrays = [content[name] for name in content.files]
    except (OSError, ValueError, EOFError) as error:
        raise Mistake(f"{path} is not an .npz file that can be read: {error}.") from error
    found = [one for one in arrays if one.dtype == np.uint8 and one.ndim == 4 and one.shape[3] in (1, 3)]
    if not found:
        raise Mistake(f"{path} holds neither images, uint8 (n, height, width, 1 or 3), nor mu and sigma.")
    image = torch.from_numpy(found[0]).permute(0, 3, 1, 2).contiguous()
    return InMemory(f"{path.stem.lower()}_{count_name(len(image))}", image=image)
