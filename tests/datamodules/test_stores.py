"""Files in folders and zips, decoding, and cutting to squares."""

import io
import pickle
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.errors import DataError
from datamodules.sources import Files, decode, is_image
from datamodules.stores import Folder, Store, Zip, open_store
from datamodules.transform import Square
from tests.drivers.image_files import encoded, picture

CONTENT = {"a/1.png": b"one" * 1000, "a/2.png": b"two", "b.txt": b""}


@pytest.fixture(params=["folder", "stored", "deflated"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        for name, content in CONTENT.items():
            (tmp_path / "x" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "x" / name).write_bytes(content)
        return open_store(tmp_path / "x")
    kind = zipfile.ZIP_STORED if request.param == "stored" else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(tmp_path / "x.zip", "w", kind) as packed:
        packed.mkdir("a")
        for name, content in CONTENT.items():
            packed.writestr(name, content)
    return open_store(tmp_path / "x.zip")


def test_files_are_listed_and_read_alike(store):
    assert store.names == ["a/1.png", "a/2.png", "b.txt"]
    assert {name: store.read(name) for name in store.names} == CONTENT
    assert store.where("a/2.png").endswith("/a/2.png")
    assert store.checksum("a/1.png") == (zlib.crc32(CONTENT["a/1.png"]), 3000)


def test_a_store_is_read_by_threads_and_by_other_processes(store):
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(store.read, ["a/1.png"] * 100)) == {CONTENT["a/1.png"]}
    assert pickle.loads(pickle.dumps(store)).read("a/1.png") == CONTENT["a/1.png"]


def test_a_missing_file_is_named(store):
    with pytest.raises(DataError, match=r"x[^ ]*/a/3\.png"):
        store.read("a/3.png")


@pytest.mark.parametrize("name", ["../out.png", "a/../../out.png", "/out.png"])
def test_a_member_outside_of_its_zip_is_refused(name, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr(name, b"")
    with pytest.raises(DataError, match="outside of itself"):
        open_store(tmp_path / "x.zip")


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_with_one_wrong_byte_is_damaged(kind, tmp_path):
    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w", kind) as packed:
        packed.writestr("1.png", np.random.default_rng(0).bytes(500))
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.zip/1\.png is damaged"):
        open_store(file).read("1.png")


@pytest.mark.parametrize("content", [b"", b"PK\3\4 and no more"])
def test_a_file_that_is_no_zip_is_named(content, tmp_path):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.zip is no complete zip"):
        open_store(tmp_path / "x.zip")


def test_a_missing_path_is_refused(tmp_path):
    with pytest.raises(DataError, match="no folder and no zip"):
        open_store(tmp_path / "nowhere")
    assert isinstance(open_store(tmp_path), Folder)


def test_content_has_the_same_fingerprint_wherever_it_lies(tmp_path):
    (tmp_path / "x").mkdir()
    with zipfile.ZipFile(tmp_path / "y.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(3):
            content = encoded(picture(number))
            (tmp_path / "x" / f"{number}.jpg").write_bytes(content)
            packed.writestr(f"other/{number}.jpg", content)
    folder, packed = open_store(tmp_path / "x"), open_store(tmp_path / "y.zip")
    unpacked, zipped = Files("a", folder, folder.names), Files("b", packed, packed.names)
    assert isinstance(packed, Zip) and unpacked.fingerprint() == zipped.fingerprint()
    assert unpacked.stamp() != zipped.stamp()
    assert Files("a", folder, folder.names[::-1]).fingerprint() != unpacked.fingerprint()
    (tmp_path / "x" / "2.jpg").write_bytes(encoded(picture(3)))
    assert Files("a", folder, folder.names).fingerprint() != zipped.fingerprint()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/1.JPG", True), ("1.png", True), ("1.txt", False), ("a/.1.png", False), ("__MACOSX/a/1.png", False)],
)
def test_images_are_recognised_by_their_names(name, expected):
    assert is_image(name) is expected


@pytest.mark.parametrize(
    ("mode", "kind", "channels"),
    [
        *(("RGB", "PNG", 3), ("L", "PNG", 1), ("LA", "PNG", 1), ("1", "PNG", 1), ("P", "PNG", 3), ("RGBA", "PNG", 3)),
        *(("CMYK", "JPEG", 3), ("L", "JPEG", 1), ("RGB", "WEBP", 3)),
    ],
)
def test_every_kind_of_image_has_one_channel_or_three(mode, kind, channels):
    content = encoded(picture(0, 14, 10, mode), kind)
    image = decode(content, "x")
    assert image.shape == (10, 14, channels) and image.dtype == np.uint8
    if mode in ("RGB", "L") and kind == "PNG":
        assert np.array_equal(image.squeeze(), np.asarray(picture(0, 14, 10, mode)))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "RGB"])
def test_what_is_transparent_is_white_and_what_is_not_stays(mode):
    """By an opacity of each pixel, or by one colour that stands for clear: the left half, whose colour is hidden."""
    image = Image.new("RGB", (8, 8), (200, 30, 90))
    image.paste((10, 120, 60), (4, 0, 8, 8))
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    opaque = decode(encoded(image, "PNG"), "x")
    written = io.BytesIO()
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(np.array([[0] * 4 + [255] * 4] * 8, np.uint8)))
        image.save(written, "PNG")
    else:
        image.save(written, "PNG", transparency=image.getpixel((0, 0)))
    made = decode(written.getvalue(), "x")
    assert (made[:, :4] == 255).all() and made.shape == opaque.shape
    assert np.array_equal(made[:, 4:], opaque[:, 4:]) and (opaque[:, :4] != 255).any()


def test_16_bits_keep_the_upper_eight():
    levels = (np.arange(144).reshape(12, 12) * 455).astype(np.uint16)
    assert np.array_equal(decode(encoded(Image.fromarray(levels), "PNG"), "x")[:, :, 0], levels >> 8)


def test_a_photograph_taken_sideways_is_upright():
    turned, written = Image.Exif(), io.BytesIO()
    turned[0x0112] = 6  # the tag of a camera that was turned to the left
    picture(0, 20, 10).save(written, "PNG", exif=turned)
    assert np.array_equal(decode(written.getvalue(), "x"), np.rot90(np.asarray(picture(0, 20, 10)), -1))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
@pytest.mark.parametrize("left", [0, 3, 40, 150])
def test_a_truncated_image_is_named(kind, left):
    content = encoded(picture(0, 40, 40), kind)
    assert left < len(content)
    with pytest.raises(DataError, match=r"some/file is damaged or not an image"):
        decode(content[:left], "some/file")


@pytest.mark.parametrize("height,width,crop", [(8, 8, None), (8, 10, None), (11, 8, None), (20, 31, 8)])
def test_the_middle_is_cut_and_left_unchanged_if_no_resize_is_needed(height, width, crop):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    top, left = (height - 8) // 2, (width - 8) // 2
    cut = Square(8, crop)(image)
    assert np.array_equal(cut, image[top : top + 8, left : left + 8].transpose(2, 0, 1))
    assert cut.flags.c_contiguous and cut.flags.writeable


@pytest.mark.parametrize(("channels", "requested"), [(1, 1), (1, 3), (3, 1), (3, 3)])
@pytest.mark.parametrize("resolution", [4, 9, 16])
def test_squares_have_the_requested_size_and_channels(resolution, channels, requested):
    grey = np.full((12, 9, channels), 77, np.uint8)
    square = Square(resolution, channels=requested)(grey)
    assert square.shape == (requested, resolution, resolution) and square.dtype == np.uint8
    assert (square == 77).all()


def test_shrinking_does_not_alias():
    """Stripes of one pixel become grey; without antialiasing they would stay stripes, or become all black."""
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    middle = Square(16)(stripes)[:, :, 2:-2].astype(int)
    assert abs(middle - 127.5).max() < 3  # of 255; the tolerance is the ripple of the filter


@pytest.mark.parametrize(("crop", "fits"), [(9, True), (10, False)])
def test_an_image_smaller_than_the_crop_is_refused(crop, fits):
    image = np.zeros((12, 9, 3), np.uint8)
    if fits:
        assert Square(4, crop)(image).shape == (3, 4, 4)
    else:
        with pytest.raises(DataError, match="9 x 12 pixels are smaller than the crop of 10"):
            Square(4, crop)(image)


@pytest.mark.parametrize(("resolution", "crop"), [(0, None), (4, 0), (-1, 3)])
def test_sizes_below_one_are_refused(resolution, crop):
    with pytest.raises(DataError, match="at least 1"):
        Square(resolution, crop)


@pytest.mark.parametrize(("kind", "dtype"), [("floating-point", np.float32), ("32-bit or signed", np.int32)])
def test_pixels_without_a_white_are_refused(kind, dtype):
    levels = np.linspace(0, 1000, 144).reshape(12, 12).astype(dtype)
    with pytest.raises(DataError, match=f"some/file has {kind} pixels, and no rule says which value is white"):
        decode(encoded(Image.fromarray(levels), "TIFF"), "some/file")


def test_grey_maps_of_16_bits_keep_the_upper_eight():
    levels = (np.arange(144).reshape(12, 12) * 455).astype(np.uint16)
    content = b"P5 12 12 65535\n" + levels.astype(">u2").tobytes()
    assert np.array_equal(decode(content, "x")[:, :, 0], levels >> 8)
