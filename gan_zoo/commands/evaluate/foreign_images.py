"""Images without a data module: a folder, a zip or an .npz, read without resizing."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from datamodules.image_folder import images_in
from datamodules.images import Images, InMemory
from datamodules.names import count_name, real, visible
from datamodules.order import Request
from datamodules.sources import Files, Source
from datamodules.stream import DataError
from gan_zoo.errors import Mistake
from gan_zoo.metrics.arrays import read_arrays
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.metrics.moments import Gaussian
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.metrics.references import References
from gan_zoo.run.reading import parse_json
from gan_zoo.run.schemas import NAMED_VALUES

THREADS = 4  # to decode images; Pillow releases Python's lock


class Pictures:
    """The images of a folder or a zip, which must all have the same size.

    Args:
        path: The folder or the zip.
        skip_damaged: Read every file first and leave damaged ones out. Otherwise the first damaged file is an error.

    Raises:
        DataError: There is no image.
    """

    instant = True  # it decodes with its own threads and needs no workers

    def __init__(self, path: Path, skip_damaged: bool = False) -> None:
        store, names = images_in(str(path), "train")
        name = real(path).stem.lower()
        self.source: Source = Files(name, store, names)
        if skip_damaged:
            whole = [names[index] for index in range(len(names)) if self._is_whole(index)]
            if len(whole) < len(names):
                print(f"{len(names) - len(whole)} damaged files of {visible(path)} are left out.")
            self.source = Files(name, store, whole)
        self.name, self.labels = f"{name}_{count_name(len(self.source))}", self.source.labels

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, request: Any) -> dict[str, Tensor]:
        indices = [int(i) for i in request.indices]
        with ThreadPoolExecutor(THREADS) as pool:
            arrays = list(pool.map(self.source.read, indices))
        for index, array in zip(indices, arrays, strict=True):
            if array.shape[:2] != arrays[0].shape[:2]:
                sizes = " and ".join(f"{shape[1]} x {shape[0]}" for shape in (array.shape, arrays[0].shape))
                raise DataError(
                    f"{self.source.where(index)} has another size than {self.source.where(indices[0])} ({sizes} "
                    "pixels): scores need images of one size, so resize them or name an experiment's data."
                )
        channels = max(array.shape[2] for array in arrays)  # a grey image among coloured ones gets three equal channels
        image = np.stack([np.broadcast_to(array, (*array.shape[:2], channels)) for array in arrays])
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
    """Existing images in the place of generated ones.

    Args:
        source: The images.
        conditions: How they were generated, as far as the user knows.
    """

    unit = 1

    def __init__(self, source: Images, conditions: Conditions) -> None:
        self.source, self.conditions = source, conditions

    def images(self, first: int, count: int) -> Tensor:
        """Return images `first` to `first + count`."""
        return self.source[Request(np.arange(first, first + count))]["image"]


class Statistics:
    """The `mu` and `sigma` of an .npz, in place of the images that they summarise.

    A file of ours also says how they were computed, so that scores against it are those against the images themselves.

    Args:
        path: A file written by this project, pytorch-fid, clean-fid or TTUR.

    Raises:
        Mistake: The file holds no statistics.
    """

    instant = True

    def __init__(self, path: Path) -> None:
        self.path, self.gaussian = path, Gaussian.load(path)
        content = read_arrays(path, "count", "protocol")
        try:
            self.count = int(content["count"]) if "count" in content else 0
            about = parse_json(str(content["protocol"]), "its protocol") if "protocol" in content else {}
            self.about: dict[str, Any] = NAMED_VALUES.check(about, "its protocol")
        except (ValueError, TypeError, OverflowError) as error:
            raise Mistake(f"{path} has a damaged count or protocol: compute it anew by gan-zoo data stats.") from error
        self.name = str(self.about.get("data", path.stem))
        self.split = str(self.about.get("split", ""))

    def __len__(self) -> int:
        return self.count

    def fingerprint(self) -> str:
        if "data_fingerprint" in self.about:
            return str(self.about["data_fingerprint"])
        tensors = self.gaussian.tensors()
        return hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors.values())).hexdigest()[:16]

    def references(self, metrics: tuple[str, ...], extractor: Extractor) -> References:
        """Return the references of the Frechet distance, the only metric that needs no more than these statistics.

        Args:
            metrics: Names of the requested metrics.
            extractor: The extractor of the generated images.

        Raises:
            Mistake: Other metrics are requested, or the statistics were computed in another way.
        """
        if metrics != ("fd",):
            raise Mistake(f"{self.path} holds a mean and a covariance: use --metrics fd, which needs no more.")
        wanted = extractor.about()
        for field in wanted:
            if self.about and self.about.get(field) != wanted[field]:
                raise Mistake(
                    f"{self.path} holds statistics with {field.replace('_', ' ')} {self.about.get(field)}, and "
                    f"this score has {wanted[field]}: name the extractor that they are from, or compute them anew by "
                    "gan-zoo data stats."
                )
        if len(self.gaussian.mean) != extractor.features:
            raise Mistake(
                f"{self.path} holds statistics of {len(self.gaussian.mean)} features, and the extractor has "
                f"{extractor.features}: name the extractor that they are from."
            )
        return {"fd": self.gaussian.tensors()}


def pictures(path: Path, skip_damaged: bool) -> Any:
    """Return the images in a folder, a zip or an .npz, or the statistics in an .npz.

    Raises:
        DataError: There are no images.
        Mistake: The .npz holds something else.
    """
    if path.suffix != ".npz":
        return Pictures(path, skip_damaged)
    arrays = read_arrays(path)
    if "mu" in arrays:
        return Statistics(path)
    candidates = [
        array for array in arrays.values() if array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] in (1, 3)
    ]
    if not candidates:
        raise Mistake(
            f"{path} holds neither uint8 images of shape (n, height, width, 1 or 3) nor mu and sigma: name another."
        )
    image = torch.from_numpy(candidates[0]).permute(0, 3, 1, 2).contiguous()
    return InMemory(f"{path.stem.lower()}_{count_name(len(image))}", image=image)
