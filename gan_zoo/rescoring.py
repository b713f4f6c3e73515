"""What is done with a run that was trained: `gan-zoo sample` and `gan-zoo evaluate`."""

from pathlib import Path

import lightning.pytorch as L
import torch

from gan_zoo import images, loading
from gan_zoo.errors import Mistake, bounded
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.run import Run, lines, write


def sample(path: str, count: int, seed: int, first: int, out: str) -> int:
    """Write images `first` to `first + count`: a grid where `out` ends in .png, else a PNG each in the folder `out`.

    Raises:
        Mistake: nothing to load, no image asked for, or a place that cannot be written.
    """
    bounded("--", at_least=1, count=count)
    bounded("--", at_least=0, first=first)
    target = Path(out)
    if target.suffix not in ("", ".png") and not target.is_dir():
        raise Mistake(f"--out {out}: a grid is written as PNG, so name x.png, or a folder that gets a PNG for each.")
    made = images.to_uint8(loading.load(path).sample(count, seed=seed, first=first))
    try:
        if target.suffix == ".png":
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target, images.png(images.grid(made)))
        else:
            target.mkdir(parents=True, exist_ok=True)
            for i, image in enumerate(made):
                write(target / f"{first + i:06d}.png", images.png(image))
    except OSError as error:
        raise Mistake(f"{out} cannot be written: {error.strerror}.") from error
    print(f"{count} images in {out}")
    return 0


def evaluate(path: str, extractor: str, metrics: tuple[str, ...], samples: int, seed: int) -> int:
    """Score a run's generator against its own data, print the values and add them to its evaluations.

    Raises:
        Mistake: not a run's directory, or one without a model.
    """
    run = Run(path)
    config = run.config()
    if not config:
        raise Mistake(f"{path} is not a run's directory: it has no config.yaml.")
    bounded("--", at_least=2, samples=samples)
    if not config.get("data"):
        raise Mistake(f"{path} was trained from a loader: without a data module there is nothing to score against.")
    model = loading.load(path)
    kind = loading.import_class(config["data"]["class_path"], L.LightningDataModule)
    data = kind(**loading.tuples(config["data"]["init_args"]))
    data.prepare_data()
    data.setup("fit")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    values, protocol = Evaluator(data, extractor, metrics, device).score(model.to(device), samples, seed, averaged=True)
    for metric, value in values.items():
        print(f"{metric} {value:.6g}")
        line = {
            "step": loading.metadata(run.model_file)["step"],
            "images": model.images,
            "metric": metric,
            "value": value,
        }
        line |= {"interval": None, "protocol": protocol.as_dict()}
        if line not in list(lines(run.evaluations_file)):
            try:
                run.append(run.evaluations_file, line)
            except OSError as error:
                raise Mistake(f"{run.evaluations_file} cannot be written: {error.strerror}.") from error
    return 0
