"""The papers' own numbers: read from headers, and shown beside the right runs only."""

from pathlib import Path

import pytest

from gan_zoo.errors import Mistake
from gan_zoo.report import grouping, papers, rank, tables
from gan_zoo.report.collect import collect
from gan_zoo.report.papers import Paper, beside, published
from gan_zoo.run.config import EXPERIMENTS
from tests.report.made import make_run

HEADER = """# SNGAN on CIFAR-10.
#
#   gan-zoo fit -c cifar10/sngan
#
# Paper: fid 21.7 +- .21 (10,000 real and 5,000 generated images,
# lowest of the training; Miyato 2018, Table 2). Five runs.
# Paper: is 8.22 (10 x 5,000; Table 2)
# Ours: fid_10k 23 (not the form; of a paper).
model:
  class_path: gan_zoo.models.sngan.SNGAN
  init_args: {width: WIDTH}
data: {class_path: datamodules.cifar10.CIFAR10}
"""


def written(folder: Path, name: str, width: int = 64, header: str = HEADER) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(header.replace("WIDTH", str(width)))
    return file


def test_a_header_states_several_numbers_over_several_lines(tmp_path: Path) -> None:
    first, second = published(written(tmp_path, "sngan"))
    assert (first.metric, first.value, first.source) == ("fid", "21.7 ± 0.21", "Miyato 2018, Table 2")
    assert first.protocol == "10,000 real and 5,000 generated images, lowest of the training"
    assert (first.model, first.data, first.experiment) == ("SNGAN", "CIFAR10", "sngan")
    assert (second.metric, second.value) == ("is", "8.22")


@pytest.mark.parametrize("said", ["none.", "no number, and nothing on MNIST (curves)."])
def test_a_header_may_state_none(tmp_path: Path, said: str) -> None:
    header = f"# X.\n#\n# Paper: {said}\nmodel:\n  class_path: a.B\n"
    assert published(written(tmp_path, "x", header=header)) == []


@pytest.mark.parametrize("said", ["FID 21.7", "fid 21.7 (protocol)", "fid about 21 (protocol; source)", "21.7"])
def test_another_form_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(Mistake, match=r"wanted `fid 21.7 \+- .21 \(protocol; source\)`"):
        published(written(tmp_path, "x", header=f"# X.\n# Paper: {said}\nmodel:\n  class_path: a.B\n"))


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.rglob("*.yaml")), ids=lambda file: file.stem)
def test_every_experiment_says_what_the_paper_has(file: Path) -> None:
    if file.parent.name != "studies":
        published(file)
        assert "\n# Paper: " in file.read_text()


def known(tmp_path: Path) -> tuple[Paper, ...]:
    written(tmp_path, "small", width=32)
    written(tmp_path, "large", width=128)
    return papers.everything(tmp_path)


def test_the_nearest_experiment_is_meant(tmp_path: Path) -> None:
    found = beside("fid_50k", "SNGAN", "CIFAR10", {"model.width": 128}, known(tmp_path))
    assert [(paper.experiment, paper.value) for paper in found] == [("large", "21.7 ± 0.21")]
    assert len(beside("fid_50k", "SNGAN", "CIFAR10", {"model.width": 64}, known(tmp_path))) == 2
    for metric, model, data in (
        ("fid_infinity_50k", "SNGAN", "CIFAR10"),
        ("fid_50k", "GAN", "CIFAR10"),
        ("fid_50k", "SNGAN", "MNIST"),
    ):
        assert beside(metric, model, data, {}, known(tmp_path)) == []


def test_a_paper_stands_beside_ours_and_is_not_ranked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "experiments").mkdir()
    stated = known(tmp_path / "experiments")
    monkeypatch.setattr(papers, "everything", lambda: stated)
    folder = make_run(tmp_path / "runs" / "x", {}, model="SNGAN", data="CIFAR10", config={"width": 32})
    (folder / "evaluations.jsonl").write_text(
        '{"step": 10, "metric": "fid_5k", "value": 30.0, "protocol": {"real": 9}}'
    )
    (table,) = rank.tables(grouping.group(collect([tmp_path / "runs"])))
    sheet = tables.ranking(table)
    assert dict(zip(sheet.head, sheet.rows[0], strict=True))["paper"] == "21.7 ± 0.21"
    assert len(sheet.rows) == 1
    assert tables.paper_lines(table) == [
        "SNGAN fid 21.7 ± 0.21, 10,000 real and 5,000 generated images, lowest of the training "
        "(Miyato 2018, Table 2); not ranked with ours"
    ]
