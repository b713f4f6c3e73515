"""Every model is compared with a textbook."""

from pathlib import Path

import gan_zoo

STYLE = {"adain", "gatys"}
"""Models that are not compared here: their loss uses a fixed network, and their step a single optimizer."""


def test_every_model_has_a_textbook():
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    models = {file.stem for file in (Path(gan_zoo.__file__).parent / "models").glob("[!_]*.py")}
    assert {name for name in models if f"from gan_zoo.models.{name} import" not in tests} == STYLE
