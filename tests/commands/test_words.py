"""A wrong word or value on the command line ends in one line and exit code 2."""

from typing import Any

import pytest

from gan_zoo.errors import Mistake
from gan_zoo.training.trainer import Trainer
from tests.commands.conftest import SMALL, TINY, Refused

WORDS = [
    # (arguments, part of the message)
    ("ft", "No command is called ft (did you mean fit?)"),
    ("--versoin", "did you mean --version?"),
    ("fit", "needs a model and data: name an experiment, as in -c mnist/wgan_gp"),
    ("fit --model GAN", "needs a model and data"),
    ("fit --data MNIST", "needs a model and data"),
    ("fit TINY --trainer.max_step 3", "no option --trainer.max_step (did you mean --trainer.max_steps?)"),
    ("fit TINY --trainer.max_step=3", "did you mean --trainer.max_steps?"),
    ("fit TINY --traner.max_steps 3", "did you mean --trainer.max_steps?"),
    ("fit TINY --see 3", "did you mean --seed?"),
    ("fit TINY --model.n_crit 3", "GAN has no model.n_crit (did you mean n_critic?)"),
    ("fit TINY --model.penalty_weight 3", "GAN has no model.penalty_weight"),
    ("fit TINY --evaluation.sampels 3", "did you mean --evaluation.samples?"),
    ("fit --model GAN --data MNIST --data.rot x", "MNIST has no data.rot (did you mean root?)"),
    ("fit mnist/wgan_gp", "mnist/wgan_gp follows no option: an experiment is named as in -c mnist/wgan_gp"),
    ("fit TINY --model.n_critic four", "model.n_critic is four: it takes a whole number"),
    ("fit TINY --model.learning_rate quick", "model.learning_rate is quick: it takes a number"),
    ("fit TINY --model.width [a]", "model.width is a: it takes a whole number"),
    ("fit TINY --model.betas [0.5,0.6,0.7]", "model.betas is [0.5, 0.6, 0.7]: it takes a list with 2 elements"),
    ("fit TINY --trainer.max_steps many", "trainer.max_steps is many: it takes a whole number"),
    ("fit TINY --trainer.max_steps 1.5", "trainer.max_steps is 1.5: it takes a whole number"),
    ("fit TINY --trainer.log_every_n_steps x", "trainer.log_every_n_steps is x: it takes a whole number"),
    ("fit TINY --trainer.detect_anomaly maybe", "trainer.detect_anomaly is maybe: it takes true or false"),
    ("fit TINY --evaluation.metrics fd", "evaluation.metrics is fd: it takes a list"),
    ("fit TINY --seed x", "seed is x: it takes a whole number"),
    ("fit TINY --model.latent_law gaussian", "model.latent_law is gaussian: it takes one of normal, uniform, sphere"),
    ("fit TINY --model.latent_law spere", "did you mean sphere?"),
    ("fit TINY --trainer.precision bf16mixed", "(did you mean bf16-mixed?)"),
    ("fit TINY --grids 3", "grids is a group of options: write --grids.NAME VALUE"),
    ("fit --model WGANPG --data MNIST", "No model is called WGANPG (did you mean WGANGP?)"),
    ("fit --model wgangp --data MNIST", "did you mean WGANGP?"),
    ("fit --model GAN --data MNITS", "No data is called MNITS (did you mean MNIST?)"),
    ("fit TINY --model.help WGANPG", "did you mean WGANGP?"),
    ("fit --model no.such.Model --data MNIST", "model no.such.Model cannot be used: No module named 'no'"),
    ("fit --model cProfile.Profile --data MNIST", "model cProfile.Profile is refused, because its module can run"),
    ("fit TINY --model.help cProfile.Profile", "model cProfile.Profile is refused, because its module can run"),
    ("fit --model collections.Counter --data MNIST", "model collections.Counter is no GenerativeModule: there are "),
    ("fit TINY --model.help collections.Counter", "model collections.Counter is no GenerativeModule: there are "),
    ("fit --model gan_zoo.models.gan.GANN --data MNIST", "gan_zoo.models.gan.GANN"),
    ("fit --model datamodules.mnist.MNIST --data MNIST", "datamodules.mnist.MNIST is no GenerativeModule"),
    ("fit --model AdversarialModule --data MNIST", "AdversarialModule is what models derive from"),
    ("fit --model GAN --data LightningDataModule", "LightningDataModule has no image_shape"),
    ("fit TINY --model.augment adda", "model.augment is adda (did you mean ada?)"),
    (
        "fit TINY --model.augment ada",
        "model.augment is ada, whose luma flip, hue and saturation need red, green and blue",
    ),
    (
        "fit TINY --model.augment ada_bg --model.augment_probability often",
        "it takes a number or one of adaptive, cosine",
    ),
    (
        "fit TINY --model.augment ada_bg --model.augment_probability 1.5",
        "must be adaptive, cosine or a number from 0 to 1",
    ),
    ("fit -c mnist/vae --model.augment ada", "VAE has no model.augment"),
    ("fit TINY --model.architecture mpl", "called mpl (did you mean mlp?)"),
    ("fit TINY --model.discriminator_architecture mpl", "discriminator_architecture is called mpl"),
    ("fit TINY --model.architecture no.such:function", "no.such:function cannot be imported: No module named 'no'"),
    ("fit TINY --model.architecture os:nothing", "os:nothing cannot be imported"),
    ("fit TINY --model.architecture os:sep", "os:sep is a str"),
    ("fit TINY --evaluation.extractor lenett", "No extractor is called lenett (did you mean lenet?)"),
    ("fit TINY --evaluation.extractor no.such:function", "cannot be imported"),
    ("fit -c mnist/wgan_pg", "no experiment mnist/wgan_pg (did you mean mnist/wgan_gp?)"),
    ("fit --config=mnist/wgan_pg", "did you mean mnist/wgan_gp?"),
    ("fit -c no/such/file.yaml", "no file and no experiment no/such/file.yaml"),
    ("fit TINY -c", "-c takes a path or the name of an experiment after it"),
    ("fit -c --seed 3", "-c takes a path or the name of an experiment after it"),
    ("fit TINY --seed", "--seed needs a value after it"),
    ("fit TINY --model.n_critic", "--model.n_critic needs a value after it"),
    ("fit TINY --model.n_critic --seed 3", "--model.n_critic needs a value after it"),
    (
        "fit --model.n_critic 3 TINY",
        "comes before the model is named: put -c or --model NAME first",
    ),
    # values out of range
    ("fit TINY --model.n_critic 0", "model.n_critic is 0: it must be at least 1"),
    ("fit TINY --model.latent_dim 0", "model.latent_dim is 0"),
    ("fit TINY --model.width [8,0]", "model.width is (8, 0)"),
    ("fit TINY --model.learning_rate -1", "model.learning_rate is -1.0: it must be above 0"),
    ("fit TINY --model.learning_rate .nan", "model.learning_rate is nan: it must be above 0"),
    ("fit TINY --model.betas [0.5,1]", "model.betas is (0.5, 1.0): it must be at least 0 and below 1"),
    ("fit TINY --model.average_half_life -1", "model.average_half_life is -1"),
    ("fit --model WGANGP SMALL --model.penalty_weight -1", "model.penalty_weight is -1.0"),
    ("fit TINY --data.batch_size 0", "data.batch_size is 0"),
    ("fit TINY --grids.count 0", "grids.count is 0: it must be at least 1"),
    ("fit TINY --grids.every -1", "grids.every is -1"),
    ("fit TINY --evaluation.samples 1", "evaluation.samples is 1: it must be at least 2"),
    ("fit TINY --evaluation.metrics []", "evaluation.metrics is empty"),
    ("fit TINY --checkpoints.every -1", "checkpoints.every is -1"),
    ("fit TINY --seed -1", "--seed is -1: it must be at least 0"),
    ("fit TINY --max_images -1", "max_images is -1"),
    # values that Lightning would refuse, or silently accept
    ("fit TINY --trainer.max_steps -2", "max_steps"),
    ("fit TINY --trainer.accelerator quantum", "accelerator='quantum'"),
    ("fit TINY --trainer.devices many", "devices"),
    ("fit TINY --trainer.strategy ddpp", "strategy='ddpp'"),
    ("fit TINY --trainer.profiler quick", "profiler"),
    ("fit TINY --trainer.precision 16-mixed", "use bf16-mixed or 32-true"),
    ("fit TINY --trainer.gradient_clip_val -1", "trainer.gradient_clip_val is -1: it must be at least 0"),
    ("fit TINY --trainer.gradient_clip_algorithm value", "clips nothing without trainer.gradient_clip_val"),
    ("fit TINY --trainer.accumulate_grad_batches 0", "trainer.accumulate_grad_batches is 0"),
    ("fit TINY --trainer.accumulate_grad_batches 3", "4 images cannot be cut into 3 equal parts"),
    ("fit TINY --trainer.log_every_n_steps -1", "trainer.log_every_n_steps is -1"),
    ("fit TINY --trainer.log_every_n_steps 0", "trainer.log_every_n_steps is 0"),
    ("fit TINY --trainer.sync_batchnorm true", "batch norm on GPUs only"),
    # the other commands
    ("sample x --coun 4 --out x.png", "gan-zoo sample has no option --coun (did you mean --count?)"),
    ("sample x --cuont=4 --out x.png", "did you mean --count?"),
    ("sample x --ou x.png", "did you mean --out?"),
    ("sample x", "required: --out"),
    ("sample x y --out x.png", "does not know what y is for"),
    ("sample x --count many --out x.png", "invalid int value: 'many'"),
    ("sample x --count", "--count: expected one argument"),
    ("sample x --count 0 --out x.png", "--count is 0: it must be at least 1"),
    ("sample x --first -1 --out x.png", "--first is -1"),
    ("sample x --out x.jpg", "--out x.jpg: a grid is written as PNG"),
    ("sample nowhere --out x.png", "There is no nowhere"),
    ("evaluate x --sample 4", "gan-zoo evaluate has no option --sample (did you mean --samples?)"),
    ("evaluate", "required: run"),
    ("evaluate nowhere", "nowhere is not a run's directory"),
    ("status --rnus", "gan-zoo status has no option --rnus"),
    ("status", "There is no folder runs"),
    ("status nowhere", "There is no folder nowhere"),
    ("status .", "There is no run in ."),
]


def spelt_out(arguments: str) -> list[str]:
    """Return the words of `arguments`, with TINY and SMALL replaced by their options."""
    groups = {"TINY": [*TINY, "--trainer.max_steps", "1", "--run", "r"], "SMALL": SMALL}
    return [word for name in arguments.split() for word in groups.get(name, [name])]


@pytest.mark.parametrize(("arguments", "part"), WORDS, ids=[arguments for arguments, _ in WORDS])
def test_a_wrong_word_is_one_line(refused: Refused, arguments: str, part: str) -> None:
    assert part in refused(*spelt_out(arguments))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"precision": "16-mixed"}, "use bf16-mixed"),
        ({"precision": 16}, "use bf16-mixed"),
        ({"max_step": 3}, "max_step"),
    ],
)
def test_our_trainer_refuses_early(arguments: dict[str, Any], part: str) -> None:
    with pytest.raises(Mistake, match=part):
        Trainer(**arguments)
