"""Names and titles of scores, which load no torch."""

import subprocess
import sys

import pytest

from gan_zoo.metrics.names import MEASURES, direction, measure, score_name, title


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("fd", "lenet", 10_000), "fd_lenet_10k"),
        (("fd", "inception", 50_000), "fid_50k"),  # FID implies the Inception network
        (("fd_infinity", "inception", 50_000), "fid_infinity_50k"),
        (("fd_infinity", "dinov2", 2_500), "fd_infinity_dinov2_2500"),
        (("kid", "inception", 50_000), "kid_50k"),
        (("kid_subsets", "lenet", 5_000), "kid_subsets_lenet_5k"),
        (("is", "inception", 50_000), "is_50k"),
        (
            ("precision", "inception", 50_000),
            "precision_inception_50k",
        ),  # most papers take VGG, so the network is named
        (("mine", "lenet", 0), "mine_lenet_0"),
    ],
)
def test_a_name_holds_the_measure_the_network_and_the_count(arguments, name):
    assert score_name(*arguments) == name


@pytest.mark.parametrize("key", MEASURES)
@pytest.mark.parametrize("rest", ["", "_50k", "_efficientnet_lite0_10k"])
def test_every_measure_is_found_in_its_names(key, rest):
    assert measure(key + rest) is MEASURES[key]


@pytest.mark.parametrize(
    ("name", "better", "text"),
    [
        ("fid_50k", "lower", "FID (50k)"),
        ("kid_subsets_50k", "lower", "KID, subsets (50k)"),
        ("is_50k", "higher", "Inception score (50k)"),
        ("precision_inception_50k", "higher", "Precision (inception, 50k)"),
        ("coverage_efficientnet_lite0_10k", "higher", "Coverage (efficientnet_lite0, 10k)"),
        ("recall", "higher", "Recall"),
        ("isometry_lenet_10k", "lower", "isometry_lenet_10k"),  # begins like `is`, but is a user's own
    ],
)
def test_direction_and_title(name, better, text):
    assert (direction(name), title(name)) == (better, text)


def test_importing_names_loads_no_torch():
    script = "import gan_zoo.metrics.names, sys; assert not {'torch', 'numpy', 'torchmetrics'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_route_is_a_prefix():
    assert score_name("fd", "inception", 140, "a2b") == "a2b/fid_140"
    assert score_name("l1", "", 100, "a2b") == "a2b/l1_100"
    assert measure("Black_Hair/kid_lenet_10k") is MEASURES["kid"] and measure("fd_x/mine_3") is None
    assert title("not_Male/accuracy_attributes_500") == "Accuracy (not_Male, attributes, 500)"
    assert title("a2b/cycle_l1_140") == "Cycle L1 (a2b, 140)"
    assert [direction(f"a2b/{name}_5") for name in ("psnr", "ssim", "l1", "accuracy_lenet")] == [
        "higher", "higher", "lower", "higher"
    ]  # fmt: skip


@pytest.mark.parametrize("extractor", ["inception", "lenet"])
def test_a_users_metric_is_none_of_ours_however_its_module_is_called(extractor):
    name = score_name("fd.scores:kid", extractor, 500)
    assert name == f"fd.scores:kid_{extractor}_500"
    assert measure(name) is None and title(name) == name
