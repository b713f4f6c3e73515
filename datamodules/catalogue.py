"""The data sets that are known by name: where they come from, how they lie on disk, and which class reads them.

Sizes are those of the official downloads, with 1,000 bytes per kilobyte; a size that nobody states is left empty.
Counts are those of the distributed files, which sometimes differ from the papers. This module loads no data.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FACES = "non-commercial research, by agreement"
CITE = "research; cite the paper"
IMAGENET = "ImageNet's terms: non-commercial research"
FLICKR = "the photographers' own (Flickr); research"
PAINTINGS = "paintings of WikiArt, photographs of Flickr; research"
PIX2PIX = "https://efrosgans.eecs.berkeley.edu/pix2pix/datasets"
CYCLEGAN = "https://efrosgans.eecs.berkeley.edu/cyclegan/datasets"
HALVES = "{0}/train/*.jpg, {0}/val or {0}/test: two images side by side, a on the left and b on the right"
FOLDERS = "{0}/trainA, {0}/trainB, {0}/testA, {0}/testB, of .jpg"


@dataclass(frozen=True)
class Entry:
    """A data set. Paths are relative to the folder that holds all sets."""

    name: str
    images: str
    """Number and kind of the images."""
    size: str
    """Size of the download; empty if its provider does not state it."""
    licence: str
    address: str
    layout: str
    """The files and folders that the reader expects."""
    here: str
    """Pattern of a file that exists if the set does; empty: the set needs no file."""
    reader: str
    """Dotted path of the data module that reads the set."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Arguments with which the reader reads this set; `data/` in a value stands for the folder of all sets."""

    def is_here(self, folder: Path) -> bool:
        """Return whether the set lies in `folder`."""
        return not self.here or any(folder.glob(self.here))

    def options(self, folder: Path) -> list[str]:
        """Return the options that make a command read the set: `["--data", "CelebA", "--data.root", "data/celeba"]`."""
        values = {key: str(value).replace("data/", f"{folder}/", 1) for key, value in self.arguments.items()}
        reader = ["--data", self.reader.rpartition(".")[2]]
        return [*reader, *(word for key, value in values.items() for word in (f"--data.{key}", value))]


def _paired(name: str, images: str, licence: str, direction: str = "a_to_b", address: str = PIX2PIX) -> Entry:
    arguments = {"root": f"data/{name}/{{split}}", "direction": direction}
    reader = "datamodules.paired.Paired"
    return Entry(name, images, "", licence, address, HALVES.format(name), f"{name}/train/*", reader, arguments)


def _unpaired(name: str, images: str, size: str, licence: str) -> Entry:
    arguments = {key: f"data/{name}/{{split}}{key.upper()}" for key in "ab"}
    reader = "datamodules.unpaired.Unpaired"
    return Entry(name, images, size, licence, CYCLEGAN, FOLDERS.format(name), f"{name}/trainA/*", reader, arguments)


def _gaussians(layout: str, modes: int, shape: str) -> Entry:
    return Entry(
        f"gaussians_{layout}",
        f"points of {modes} modes on a {shape}: any number",
        "",
        "generated here",
        "drawn on demand",
        "no file",
        "",
        "datamodules.gaussians.Gaussians",
        {"layout": layout, "modes": modes},
    )


def _lsun(category: str, images: str, size: str, scene: bool = True) -> Entry:
    folder = f"lsun/{category}_train_lmdb" if scene else f"lsun/{category}"
    return Entry(
        f"lsun_{category}",
        f"{images} photographs, the smaller side 256{', and 300 for validation' if scene else ''}",
        size,
        CITE,
        "https://www.yf.io/p/lsun",
        f"{folder}/data.mdb, unpacked from its zip",
        f"{folder}/data.mdb",
        "datamodules.lsun.LSUN",
        {"root": "data/lsun", "category": category},
    )


SMALL = (
    Entry(
        "mnist",
        "60,000 + 10,000 handwritten digits, 28 x 28, grey, 10 classes",
        "12 MB",
        "commonly stated as CC BY-SA 3.0",
        "http://yann.lecun.com/exdb/mnist, fetched by torchvision; 10,000 of each come with gan_zoo: no data.root",
        "mnist/MNIST/raw/train-images-idx3-ubyte ..., gzipped or not",
        "mnist/MNIST/raw/train-images*",
        "datamodules.mnist.MNIST",
        {"root": "data/mnist"},
    ),
    Entry(
        "fashion_mnist",
        "60,000 + 10,000 articles of clothing, 28 x 28, grey, 10 classes",
        "30 MB",
        "MIT",
        "https://github.com/zalandoresearch/fashion-mnist, fetched by torchvision",
        "fashion_mnist/FashionMNIST/raw/train-images-idx3-ubyte ..., gzipped or not",
        "fashion_mnist/FashionMNIST/raw/train-images*",
        "datamodules.fashion_mnist.FashionMNIST",
        {"root": "data/fashion_mnist"},
    ),
    Entry(
        "cifar10",
        "50,000 + 10,000 photographs, 32 x 32, 10 classes",
        "170 MB",
        "none stated; cite the report",
        "https://www.cs.toronto.edu/~kriz/cifar.html, fetched by torchvision",
        "cifar10/cifar-10-batches-py/data_batch_1 ... 5, test_batch",
        "cifar10/cifar-10-batches-py/data_batch_1",
        "datamodules.cifar10.CIFAR10",
        {"root": "data/cifar10"},
    ),
    Entry(
        "svhn",
        "73,257 + 26,032 house numbers, and 531,131 easier ones, 32 x 32, 10 classes",
        "1.6 GB, most of it the easier ones",
        "non-commercial",
        "http://ufldl.stanford.edu/housenumbers, fetched by torchvision",
        "svhn/train_32x32.mat, test_32x32.mat, extra_32x32.mat",
        "svhn/train_32x32.mat",
        "datamodules.svhn.SVHN",
        {"root": "data/svhn"},
    ),
)

PORTRAITS = (
    Entry(
        "celeba",
        "202,599 aligned faces, 178 x 218, 40 attributes",
        "1.4 GB",
        FACES,
        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        "celeba/img_align_celeba.zip or the folder, list_attr_celeba.txt, list_eval_partition.txt if there",
        "celeba/img_align_celeba*",
        "datamodules.celeba.CelebA",
        {"root": "data/celeba"},
    ),
    Entry(
        "celeba_hq",
        "30,000 faces of CelebA, 1024 x 1024",
        "",
        FACES,
        "https://github.com/switchablenorms/CelebAMask-HQ",
        "celeba_hq/CelebA-HQ-img/0.jpg ...",
        "celeba_hq/CelebA-HQ-img/*",
        "datamodules.image_folder.ImageFolder",
        {"root": "data/celeba_hq/CelebA-HQ-img"},
    ),
    Entry(
        "ffhq",
        "70,000 faces, 1024 x 1024, or as thumbnails of 128 x 128",
        "96 GB; thumbnails 2.1 GB",
        "CC BY-NC-SA 4.0; each photograph has its own",
        "https://github.com/NVlabs/ffhq-dataset",
        "ffhq/images1024x1024/00000/00000.png ..., or ffhq/thumbnails128x128",
        "ffhq/images1024x1024/*",
        "datamodules.image_folder.ImageFolder",
        {"root": "data/ffhq/images1024x1024"},
    ),
    Entry(
        "rafd",
        "8,040 portraits of 67 people, 681 x 1024: 8 expressions, 3 gazes, 5 angles",
        "",
        "scientific use only",
        "https://rafd.socsci.ru.nl: by request from a researcher at a university; it cannot be downloaded",
        "rafd/Rafd090_01_Caucasian_female_angry_frontal.jpg ..., or StarGAN's rafd/train/angry, rafd/test/angry ...",
        "rafd/*",
        "datamodules.rafd.RaFD",
        {"root": "data/rafd"},
    ),
)

PLACES = (
    _lsun("bedroom", "3,033,042", "43 GB"),
    _lsun("bridge", "818,687", "15 GB"),
    _lsun("church_outdoor", "126,227", "2 GB"),
    _lsun("classroom", "168,103", "3 GB"),
    _lsun("conference_room", "229,069", "4 GB"),
    _lsun("dining_room", "657,571", "11 GB"),
    _lsun("kitchen", "2,212,277", "33 GB"),
    _lsun("living_room", "1,315,802", "21 GB"),
    _lsun("restaurant", "626,331", "13 GB"),
    _lsun("tower", "708,264", "11 GB"),
    _lsun("car", "5,520,756", "173 GB", scene=False),
    _lsun("cat", "1,657,266", "42 GB", scene=False),
    _lsun("horse", "2,000,340", "69 GB", scene=False),
)

PAIRS = (
    _paired("facades", "400 + 100 + 106 photographs | label maps, 256 x 256", CITE, "b_to_a"),
    _paired("maps", "1,096 + 1,098 aerial photographs | maps", "Google Maps' terms"),
    _paired("edges2shoes", "50,025 edges | shoes, 256 x 256", "UT Zappos50K's: academic, non-commercial"),
    _paired("edges2handbags", "about 137,000 edges | handbags", "none stated; images from Amazon"),
    _paired("night2day", "20,120 views at two times", CITE),
    _paired(
        "cityscapes",
        "2,975 + 500 street scenes | label maps",
        "Cityscapes' own: non-commercial, by registration",
        "b_to_a",
        "https://www.cityscapes-dataset.com; joined by pix2pix's prepare_cityscapes_dataset.py",
    ),
    Entry(
        "imagenet",
        "1,281,167 + 50,000 photographs of many sizes; as pairs of a photograph and its grey levels",
        "",
        IMAGENET,
        "https://image-net.org: by registration",
        "imagenet/train, imagenet/val: photographs, in folders or not",
        "imagenet/train/*",
        "datamodules.paired.Paired",
        {"root": "data/imagenet/{split}", "layout": "grey"},
    ),
)

UNPAIRED = (
    _unpaired("apple2orange", "995 + 1,019 apples, oranges; test 266 + 248", "78 MB", IMAGENET),
    _unpaired("cezanne2photo", "525 + 6,287 Cezannes, photographs; test 58 + 751", "280 MB", PAINTINGS),
    _unpaired("horse2zebra", "1,067 + 1,334 horses, zebras; test 120 + 140; 256 x 256", "117 MB", IMAGENET),
    _unpaired("iphone2dslr_flower", "1,812 + 3,325 flowers by two cameras; test 569 + 480", "340 MB", FLICKR),
    _unpaired("monet2photo", "1,072 + 6,287 Monets, photographs; test 121 + 751", "305 MB", PAINTINGS),
    _unpaired("summer2winter_yosemite", "1,231 + 962 views; test 309 + 238", "133 MB", FLICKR),
    _unpaired("ukiyoe2photo", "562 + 6,287 prints, photographs; test 263 + 751", "293 MB", PAINTINGS),
    _unpaired("vangogh2photo", "400 + 6,287 Van Goghs, photographs; test 400 + 751", "307 MB", PAINTINGS),
)

STYLES = (
    Entry(
        "coco_wikiart",
        "82,783 photographs (MS-COCO's train2014) and 79,433 paintings (Painter by Numbers' train), of many sizes",
        "",
        "each photograph's own terms (Flickr); paintings: WikiArt's terms, some under copyright",
        "https://cocodataset.org; https://www.kaggle.com/c/painter-by-numbers",
        "coco/train/*.jpg and wikiart/train/*.jpg",
        "coco/train/*",
        "datamodules.unpaired.Unpaired",
        {"a": "data/coco/{split}", "b": "data/wikiart/{split}"},
    ),
)

MADE = (_gaussians("ring", 8, "circle"), _gaussians("grid", 25, "square lattice"))

CATALOGUE: dict[str, Entry] = {
    entry.name: entry for family in (SMALL, PORTRAITS, PLACES, PAIRS, UNPAIRED, STYLES, MADE) for entry in family
}
"""All entries, by name."""
