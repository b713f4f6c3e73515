"""A wrong configuration file is refused in one line; a bug in the code of a model is not reported as a mistake."""

from pathlib import Path

import pytest

from gan_zoo.cli import main
from gan_zoo.errors import Mistake
from gan_zoo.run.directory import Run
from tests.commands.conftest import SMALL, TINY, Command, Refused

FILES = {
    "unknown key": ("modle:\n  class_path: GAN\n", "The configuration has no modle (did you mean model?)"),
    "unknown key of the model": ("model:\n  class_path: GAN\n  init_args:\n    widht: 3\n", "did you mean width?"),
    "unknown key beside class_path": ("model:\n  clas_path: GAN\n", "did you mean class_path?"),
    "unknown key of the trainer": ("trainer:\n  max_step: 3\n", "trainer.max_step (did you mean max_steps?)"),
    "unknown key of a callback": ("evaluation:\n  sampels: 3\n", "evaluation.sampels (did you mean samples?)"),
    "unknown model": ("model:\n  class_path: WGANPG\n", "did you mean WGANGP?"),
    "a class that is no model": (
        "model:\n  class_path: collections.Counter\n",
        "model collections.Counter is no GenerativeModule: there are ",
    ),
    "a class that is refused": ("model:\n  class_path: cProfile.Profile\n", "model cProfile.Profile is refused"),
    "a class_path that is a number": ("model:\n  class_path: 3\n", "model {'class_path': 3} cannot be used: "),
    "arguments of the model that are a number": (
        "model:\n  class_path: GAN\n  init_args: 3\n",
        "model gan_zoo.models.gan.GAN cannot be used: ",
    ),
    "wrong type": ("seed: abc\n", "seed is abc: it takes a whole number"),
    "wrong type of the model": ("model:\n  class_path: GAN\n  init_args:\n    n_critic: x\n", "model.n_critic is x"),
    "a group that is a number": ("trainer: 3\n", "trainer is 3, and should hold options by name"),
    "a model that is a number": ("model: 3\n", "model is 3, and should hold options by name"),
    "not YAML": ("a: [1,2\nb: {\n", "is not YAML"),
    "a list": ("- 1\n- 2\n", "bad.yaml holds [1, 2]: a configuration is a mapping"),
    "text": ("just text\n", "holds 'just text'"),
    "empty": ("", "holds None"),
    "another image size": (
        "model:\n  class_path: GAN\n  init_args:\n    image_shape: [1, 9, 9]\n",
        "model.image_shape is (1, 9, 9) in the configuration and (1, 8, 8) in the data",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_file_is_one_line(refused: Refused, tmp_path: Path, name: str) -> None:
    content, part = FILES[name]
    (tmp_path / "bad.yaml").write_text(content)
    names_model = content.startswith("model:\n  class_path: ")
    words = [*(TINY[2:] if names_model else TINY), "--trainer.max_steps", 1]
    assert part in refused("fit", "-c", "bad.yaml", *words)


def test_a_file_that_is_no_text_is_one_line(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00\x01")
    assert "bad.yaml is not YAML" in refused("fit", "-c", "bad.yaml")


@pytest.mark.parametrize("kind", ["value", "type", "runtime"])
def test_a_bug_in_a_model_is_no_mistake_of_the_user(command: Command, kind: str) -> None:
    with pytest.raises((ValueError, TypeError, RuntimeError), match=r"^a bug in the model$") as bug:
        main(["fit", "--model", "tests.drivers.tiny.Unfinished", "--model.kind", kind, *SMALL[4:]])
    assert not isinstance(bug.value, Mistake)


def test_a_bug_in_a_loss_is_no_mistake_of_the_user(command: Command) -> None:
    with pytest.raises(ValueError, match=r"^a bug in the loss$") as bug:
        main(["fit", "--model", "tests.drivers.tiny.Crashing", *SMALL, "--run", "x"])
    assert not isinstance(bug.value, Mistake)
    assert Run("x").record()["status"] == "failed"
