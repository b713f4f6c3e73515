"""No model is left out."""

from pathlib import Path

import gan_zoo

STYLE = {"adain", "gatys"}
"""Their loss is of the features of one fixed network, and their step one optimizer's: they are not compared here."""


def test_every_model_has_a_textbook():
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    models = {file.stem for file in (Path(gan_zoo.__file__).parent / "models").glob("[!_]*.py")}
    assert {name for name in models if f"from gan_zoo.models.{name} import" not in tests} == STYLE
