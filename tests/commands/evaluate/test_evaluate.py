"""`gan-zoo evaluate` and `data stats`, on runs and on folders."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from datamodules.mnist import MNIST
from gan_zoo import images
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.metrics.protocol import comparable
from gan_zoo.models.gan import GAN
from gan_zoo.models.vae import VAE
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from tests.commands.conftest import Command, Refused

COUNT = 24  # images in a folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs on digits, with a moving average, scored during training."""
    folder = tmp_path_factory.mktemp("evaluated")
    for seed in (0, 1):
        Trainer(
            run=folder / f"runs/s{seed}",
            seed=seed,
            max_steps=4,
            accelerator="cpu",
            enable_progress_bar=False,
            evaluation=Evaluation("lenet", metrics=("prdc", "fd"), every=2, samples=100, share=1.0),
            checkpoints=Checkpoints(every=2, keep_every=2),
        ).fit(GAN(image_shape=(1, 28, 28), width=(16,), average_half_life=20), MNIST(batch_size=4))
    return folder


@pytest.fixture
def inside(runs: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(runs)
    return command


def scored(run: str) -> list[tuple[Any, ...]]:
    """Return step, score and weights of the lines that `evaluate` added."""
    added = [line for line in lines(Run(run).evaluations_file) if "origin" in line]
    return [(line["step"], line["metric"], line["protocol"]["weights"]) for line in added]


def test_all_checkpoints_of_all_runs_below_a_folder(inside: Command) -> None:
    result = inside("evaluate", "runs", "--metrics", "fd", "kid", "--samples", 120, "--checkpoints", "all")
    assert result.code == 0, result.err
    words = [line.split()[:4] for line in result.out.splitlines() if line.startswith("runs")]
    expected = [
        [f"runs/s{seed}", "step", step, f"{metric}_lenet_120"]
        for seed in (0, 1) for step in "24" for metric in ("fd", "kid")
    ]  # fmt: skip
    assert words == expected
    assert [step for step, metric, _ in scored("runs/s1") if metric == "fd_lenet_120"] == [2, 4]
    before = scored("runs/s1")
    assert inside("evaluate", "runs", "--metrics", "fd", "kid", "--samples", 120).code == 0
    assert scored("runs/s1") == before, "no line is recorded twice"


def test_a_run_gets_the_scores_of_its_training(inside: Command) -> None:
    while_training = [line for line in lines(Run("runs/s0").evaluations_file) if "origin" not in line]
    result = inside("evaluate", "runs/s0", "--metrics", "prdc", "fd", "--samples", 100)
    assert result.code == 0
    for line in while_training[-5:]:
        assert line["step"] == 4
        assert f"{line['metric']} {line['value']:.6g}" in result.out
    assert (4, "fd_lenet_100", "averaged") not in scored("runs/s0"), "the same line was recorded in training"


def test_raw_weights_and_the_best_step(inside: Command) -> None:
    assert inside("evaluate", "runs/s0", "--samples", 60, "--raw").code == 0
    assert (4, "fd_lenet_60", "last") in scored("runs/s0")
    best = torch.load("runs/s0/checkpoints/best.ckpt", weights_only=True)["global_step"]
    assert inside("evaluate", "runs/s0", "--samples", 61, "--checkpoints", "best").code == 0
    assert (best, "fd_lenet_61", "averaged") in scored("runs/s0")


def test_conditions_are_recorded(inside: Command) -> None:
    options = ("--samples", 50, "--latent-seed", 7, "--batch-norm", "train", "--real-samples", 500, "--split", "test")
    assert inside("evaluate", "runs/s0", *options).code == 0
    protocol = list(lines(Run("runs/s0").evaluations_file))[-1]["protocol"]
    assert (protocol["latent_seed"], protocol["batch_norm"], protocol["real"]) == (7, "batches of 250", 500)
    assert (protocol["split"], protocol["truncation"], protocol["labels"]) == ("test", 1.0, "none")


@pytest.fixture
def folder(inside: Command) -> Path:
    """A folder with images sampled from a run."""
    assert inside("sample", "runs/s0", "--count", COUNT, "--out", "pngs").code == 0
    return Path("pngs")


def test_a_folder_gets_the_scores_of_the_run_that_it_was_sampled_from(inside: Command, folder: Path) -> None:
    theirs = ("evaluate", "--fake", folder, "--real", "runs/s0", "--extractor", "lenet", "--name", "Theirs (official)")
    result = inside(*theirs, "--generator-weights", "averaged", "--run", "runs/theirs")
    assert result.code == 0, result.err
    ours = inside("evaluate", "runs/s0", "--samples", COUNT)
    assert f"fd_lenet_{COUNT}" in result.out and ours.out.splitlines()[-1] in result.out
    record = Run("runs/theirs").record()
    assert (record["status"], record["model"]) == ("finished", "Theirs (official)")
    (line,) = lines(Run("runs/theirs").evaluations_file)
    twin = next(other for other in lines(Run("runs/s0").evaluations_file) if other["metric"] == line["metric"])
    assert comparable(line["protocol"]) == comparable(twin["protocol"]), "a report ranks both in one table"
    assert Path("runs/theirs/images/step_00000000.png").exists()
    assert "Theirs (official)" in inside("report", "runs", "--out", "r.html").out


def test_statistics_of_real_images_from_a_file(inside: Command, folder: Path) -> None:
    stats = inside("data", "stats", "-c", "mnist/gan", "--extractor", "lenet", "--metrics", "fd", "--out", "s.npz")
    assert stats.code == 0, stats.err
    with np.load("s.npz") as content:
        assert content["mu"].shape == (128,) and content["sigma"].shape == (128, 128) and content["count"] == 10_000
    theirs = ("evaluate", "--fake", folder, "--extractor", "lenet", "--run", "runs/npz", "--real")
    against_file = inside(*theirs, "s.npz")
    assert against_file.code == 0, against_file.err
    assert against_file.out == inside(*theirs, "mnist/gan").out


def test_images_in_an_npz_get_the_scores_of_the_same_files(inside: Command, folder: Path) -> None:
    image = np.stack([np.array(Image.open(file)) for file in sorted(folder.iterdir())])[..., None]
    np.savez("batch.npz", image)
    outputs = [
        inside("evaluate", "--fake", fake, "--real", folder, "--extractor", "lenet", "--run", f"runs/{i}").out
        for i, fake in enumerate(("batch.npz", folder))
    ]
    values = [
        float(next(line for line in output.splitlines() if line.startswith("fd")).split()[1]) for output in outputs
    ]
    assert_close(values, [0.0, 0.0], rtol=0, atol=1e-6)  # the distance of a set to itself


def save(file: Path, size: tuple[int, int] = (28, 28), mode: str = "L") -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 4), dtype=np.uint8)
    Image.fromarray(noise).convert("RGB" if mode == "P" else mode).convert(mode).save(file)


@pytest.fixture
def some(inside: Command, tmp_path: Path) -> Path:
    """Three grey images of 28 x 28."""
    folder = tmp_path / "some"
    folder.mkdir()
    for i in range(3):
        save(folder / f"{i}.png")
    return folder


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "P", "LA", "1"])
def test_images_of_every_mode_are_read(mode: str, inside: Command, tmp_path: Path) -> None:
    folder = tmp_path / mode
    folder.mkdir()
    for i in range(3):
        save(folder / (f"{i}.tif" if mode == "CMYK" else f"{i}.png"), mode=mode)
    options = ("--extractor", "efficientnet_lite0", "--run", tmp_path / "run")
    result = inside("evaluate", "--fake", folder, "--real", folder, *options)
    assert result.code == 0, result.err


def test_bad_folders_are_one_line(refused: Refused, some: Path, runs: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(runs)
    theirs = ("evaluate", "--real", "runs/s0", "--extractor", "lenet", "--run", some.parent / "run", "--fake")
    (some.parent / "empty").mkdir()
    assert "holds no image" in refused(*theirs, some.parent / "empty")
    assert "There is no folder and no zip" in refused(*theirs, "nowhere")
    save(some / "3.png", size=(30, 28))
    assert "3.png has another size than" in refused(*theirs, some)
    (some / "3.png").write_bytes((some / "2.png").read_bytes()[:100])
    assert "3.png is damaged" in refused(*theirs, some)
    (some / "3.png").unlink()
    assert "--samples is 4" in refused(*theirs, some, "--samples", 4)
    (some / "1.png").unlink()
    (some / "2.png").unlink()
    assert "at least 2 generated images" in refused(*theirs, some)
    np.savez(some.parent / "other.npz", np.zeros(3))
    assert "neither uint8 images" in refused(*theirs, some.parent / "other.npz")


@pytest.mark.parametrize("option", ["--skip-damaged", "--skip_damaged"])
def test_damaged_files_are_left_out_on_request(inside: Command, some: Path, option: str) -> None:
    (some / "3.png").write_bytes(b"no image")
    options = ("--extractor", "lenet", "--run", some.parent / "run", option)
    result = inside("evaluate", "--fake", some, "--real", "runs/s0", *options)
    assert result.code == 0 and "1 damaged files of" in result.out
    (line,) = lines(Run(some.parent / "run").evaluations_file)
    assert line["protocol"]["generated"] == 3


BAD = [
    ("evaluate", "required: runs, or --fake"),
    ("evaluate runs/s0 --fake x", "leave out the runs, or these"),
    ("evaluate --fake pngs", "--fake needs --real"),
    ("evaluate --fake pngs --real x --per-class", "--per-class and --checkpoints are for runs"),
    ("evaluate runs/s0 --samples 1", "--samples is 1: it must be at least 2"),
    ("evaluate runs/s0 --preset 50k_trian", "No preset is called 50k_trian (did you mean 50k_train?)"),
    ("evaluate runs/s0 --preset 50k_test --samples 10", "--samples is set by --preset 50k_test"),
    ("evaluate runs/s0 --labels dogs", "--labels is dogs"),
    ("evaluate runs/s0 --labels data", "has no classes"),
    ("evaluate runs/s0 --per-class", "has no classes"),
    ("evaluate runs/s0 --truncation 0.5", "GAN knows none"),
    ("evaluate runs/s0 --split valid", "MNIST has no split valid"),
    ("evaluate runs/s0 --real-samples 20000", "20000 real images are wanted"),
    ("evaluate runs/s0 --weights nowhere.pth", "no such option"),
    ("evaluate runs/s0 --raw --checkpoints all", "hold only its averaged generator"),
    ("evaluate runs/s0 runs/nowhere", "runs/nowhere is not a run's directory"),
    ("data stats -c mnist/gan --extractor lenett", "did you mean lenet?"),
]


@pytest.mark.parametrize(("words", "message"), BAD, ids=[words for words, _ in BAD])
def test_mistakes_are_one_line(
    words: str,
    message: str,
    refused: Refused,
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(runs)
    assert message in refused(*words.split())


@pytest.mark.slow
def test_files_written_by_sample_score_the_same_in_torch_fidelity(
    inside: Command, folder: Path, inception_file: Path, tmp_path: Path
) -> None:
    """torch-fidelity scores our PNGs as we do, with random weights that both read from the same file."""
    from torch_fidelity import calculate_metrics

    data = MNIST()
    data.setup("fit")
    real = data.images.tensors["image"][:COUNT]  # pyright: ignore[reportAttributeAccessIssue]
    (tmp_path / "real").mkdir()
    for i, image in enumerate(real):
        (tmp_path / f"real/{i:03d}.png").write_bytes(images.png(image))
    options = ("--extractor", "inception", "--weights", inception_file, "--run", tmp_path / "run")
    result = inside("evaluate", "--fake", folder, "--real", tmp_path / "real", *options, "--metrics", "fd", "is")
    assert result.code == 0, result.err
    ours = {line["metric"]: line["value"] for line in lines(Run(tmp_path / "run").evaluations_file)}
    theirs = calculate_metrics(
        input1=str(folder), input2=str(tmp_path / "real"), fid=True, isc=True, cuda=False, verbose=False, cache=False,
        save_cpu_ram=True, feature_extractor_weights_path=str(inception_file), batch_size=8,
    )  # fmt: skip
    # 1e-6 (metrics.md 6); the difference was 3e-8, although their solver is less exact with so few images.
    assert ours[f"fid_{COUNT}"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-6)
    assert ours[f"is_{COUNT}"] == pytest.approx(theirs["inception_score_mean"], rel=1e-6)


@pytest.fixture
def vae(inside: Command) -> str:
    """A run of a model with a bound on the likelihood, scored against another split than it was trained on."""
    if not Run("vae").has_begun():
        evaluation = Evaluation(None, split="test")
        Trainer(run="vae", max_steps=1, accelerator="cpu", enable_progress_bar=False, evaluation=evaluation).fit(
            VAE(image_shape=(1, 28, 28), width=(8,), latent_dim=2), MNIST(batch_size=4)
        )
    return "vae"


def test_the_bound_on_the_likelihood_of_real_images(inside: Command, vae: str) -> None:
    result = inside("evaluate", vae, "--metrics", "log_likelihood", "--draws", 3, "--real-samples", 300)
    assert result.code == 0, result.err
    line = list(lines(Run(vae).evaluations_file))[-1]
    assert result.out.startswith("log_likelihood_300 -") and line["metric"] == "log_likelihood_300"
    assert -600 < line["value"] < -500  # all but untrained: 784 even chances give -543
    expected = {"real": 300, "draws": 3, "likelihood": "bernoulli", "split": "test", "latent_seed": 0}
    assert expected.items() <= line["protocol"].items()


@pytest.mark.parametrize(
    ("options", "split"),
    [((), "test"), (("--split", "train"), "train"), (("--metrics", "authpct", "--samples", 200), "train")],
)
def test_a_run_is_scored_against_its_own_split_and_copies_are_looked_for_in_the_training_split(
    inside: Command, vae: str, options: tuple[Any, ...], split: str
) -> None:
    result = inside("evaluate", vae, "--samples", 60, "--extractor", "lenet", *options)
    assert result.code == 0, result.err
    protocol = list(lines(Run(vae).evaluations_file))[-1]["protocol"]
    assert (protocol["split"], protocol["data"]) == (split, f"mnist_{split}_10k")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("runs/s0",), "GAN of runs/s0 has no bound on the likelihood"),
        (("vae", "--draws", 0), "--draws is 0"),
        (("vae", "--samples", 100), "--samples applies to generated images"),
        (("vae", "--extractor", "lenet"), "--extractor applies to generated images"),
        (("vae", "--truncation", 0.7), "--truncation applies to generated images"),
        (("vae", "--per-class"), "--per-class applies to generated images"),
        (("vae", "--classifier", "lenet"), "--classifier applies to generated images"),
        (("vae", "--checkpoints", "all"), "needs the encoder"),
    ],
)
def test_options_that_do_not_apply_to_the_bound_are_refused(
    inside: Command, vae: str, refused: Refused, options: tuple[Any, ...], message: str
) -> None:
    assert message in refused("evaluate", *options, "--metrics", "log_likelihood")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--metrics", "log_likelihood", "fd"), "request it without other metrics"),
        (("--draws", 3), "--draws applies only to --metrics log_l"),
    ],
)
def test_the_bound_is_requested_without_other_metrics(
    inside: Command, refused: Refused, options: tuple[Any, ...], message: str
) -> None:
    assert message in refused("evaluate", "runs/s0", *options)
