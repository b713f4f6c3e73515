"""What is done with a run that was trained: `gan-zoo sample` and `gan-zoo evaluate`."""

from pathlib import Path

import torch

from gan_zoo import images, loading
from gan_zoo.errors import Mistake
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.run import Run, lines, write


def sample(path: str, count: int, seed: int, first: int, out: str) -> int:
    """Write images `first` to `first + count`: a grid where `out` ends in .png, else a PNG each in the folder `out`.

    Raises:
        Mistake: nothing to load, no image asked for, or a place that cannot be written.
    """
    if count < 1:
        raise Mistake(f"--count {count}: ask for at least one image.")
    made = images.to_uint8(loading.load(path).sample(count, seed=seed, first=first))
    target = Path(out)
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
    if samples < 2:
        raise Mistake(f"--samples {samples}: a distance between distributions needs at least two images.")
    data = loading.import_class(config["data"]["class_path"])(**loading.tuples(config["data"]["init_args"]))
    data.prepare_data()
    data.setup("fit")
    model = loading.load(path)
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
            run.append(run.evaluations_file, line)
    return 0
