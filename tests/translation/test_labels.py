"""Labels of one or more sets: their positions, exclusive groups, routes, and labels made from names."""

import pytest
import torch

from datamodules.labels import LabelSet
from gan_zoo.errors import Mistake
from gan_zoo.translation.labels import Labels

HAIR = ["Black_Hair", "Blond_Hair", "Brown_Hair"]
FACES = LabelSet(names=["Male", *HAIR, "Young"], kind="attributes", exclusive=[HAIR])
MOODS = LabelSet(names=["angry", "happy"], kind="classes", exclusive=[["angry", "happy"]])


@pytest.fixture
def labels() -> Labels:
    return Labels((FACES, MOODS))


def test_the_labels_of_the_sets_are_concatenated(labels):
    assert labels.names == ("Male", *HAIR, "Young", "angry", "happy")
    assert labels.spans == (slice(0, 5), slice(5, 7)) and labels.kinds == ("attributes", "classes")
    assert [labels.domain(place) for place in range(7)] == [0, 0, 0, 0, 0, 1, 1]


def test_a_hair_colour_clears_the_others_and_other_attributes_flip(labels):
    """The expected labels are written by hand, for a blond man, not young, and a young woman with no hair colour."""
    label = torch.tensor([[1.0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0]])
    changed = {name: labels.changed(label, labels.place(name)).int().tolist() for name in labels.names[:5]}
    assert changed == {
        "Male": [[0, 0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 1, 0, 0]],
        "Black_Hair": [[1, 1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 1, 0, 0]],
        "Blond_Hair": [[1, 0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0, 0]],
        "Brown_Hair": [[1, 0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0, 0]],
        "Young": [[1, 0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0, 0]],
    }


def test_a_face_that_has_the_only_hair_colour_keeps_it():
    """The program sets a hair colour whatever the face has, also if it is the only one that is learned."""
    labels = Labels((LabelSet(names=["Male", "Blond_Hair"], kind="attributes", exclusive=[["Blond_Hair"]]),))
    label = torch.tensor([[0.0, 1], [1, 0]])
    assert labels.changed(label, labels.place("Blond_Hair")).tolist() == [[0, 1], [1, 1]]
    assert labels.changed(label, labels.place("Male")).tolist() == [[1, 1], [0, 0]]
    assert [route.name for route in labels.routes] == ["Male", "not_Male", "Blond_Hair", "not_Blond_Hair"]


def test_a_new_class_replaces_the_old_one(labels):
    angry = torch.tensor([[0.0, 0, 0, 0, 0, 1, 0]])
    assert labels.changed(angry, labels.place("happy")).tolist() == [[0, 0, 0, 0, 0, 0, 1]]
    assert labels.changed(angry, labels.place("angry")).tolist() == angry.tolist()


def test_routes_set_every_label_and_clear_those_outside_groups(labels):
    routes = {route.name: (route.label, route.domain, route.value) for route in labels.routes}
    assert routes == {
        "Male": (0, 0, True), "not_Male": (0, 0, False),
        "Black_Hair": (1, 0, True), "Blond_Hair": (2, 0, True), "Brown_Hair": (3, 0, True),
        "Young": (4, 0, True), "not_Young": (4, 0, False),
        "angry": (5, 1, True), "happy": (6, 1, True),
    }  # fmt: skip


def test_a_label_from_names_has_these_and_no_others(labels):
    label, domain = labels.asked(["Male", "Blond_Hair"])
    assert (label.tolist(), domain) == ([1, 0, 1, 0, 0, 0, 0], 0)
    label, domain = labels.asked(["happy"])
    assert (label.tolist(), domain) == ([0, 0, 0, 0, 0, 0, 1], 1)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["blond_hair"], r"no label blond_hair \(did you mean Blond_Hair\?\): there are Male, .*, happy"),
        (["Male", "happy"], "The labels Male, happy belong to different sets: name labels of one set"),
        ([], "No label is given: name one or more of Male, "),
        (["Blond_Hair", "Black_Hair"], "Blond_Hair and Black_Hair exclude each other"),
        (["angry", "happy"], "angry and happy exclude each other"),
    ],
)
def test_names_that_do_not_fit_together_are_refused(labels, names, message):
    with pytest.raises(Mistake, match=message):
        labels.asked(names)


def test_labels_have_logits_above_0_and_only_the_largest_of_a_group(labels):
    """In the fixture, the hair colours exclude each other."""
    group = [labels.place(name) for name in labels.exclusive[0]]
    free = [place for place in range(len(labels.names)) if not labels.excluded(place)]
    logits = torch.full((2, len(labels.names)), -1.0)
    logits[0, group], logits[0, free] = torch.arange(1.0, 1 + len(group)), 1.0
    predicted = labels.predicted(logits)
    assert predicted[0, group].tolist() == [False] * (len(group) - 1) + [True]
    assert predicted[0, free].all() and not predicted[1].any()


def test_sets_without_labels_or_with_equal_names_are_refused():
    with pytest.raises(Mistake, match="no labels to translate to"):
        Labels(())
    with pytest.raises(Mistake, match="no labels to translate to"):
        Labels((FACES, LabelSet(names=[], kind="attributes", exclusive=[])))
    with pytest.raises(Mistake, match="two labels called Male"):
        Labels((FACES, LabelSet(names=["Male"], kind="attributes", exclusive=[])))
