"""StyleGAN2: Analyzing and Improving the Image Quality of StyleGAN.

Karras, Laine, Aittala, Hellsten, Lehtinen and Aila, 2020. https://arxiv.org/abs/1912.04958

AdaIN leaves droplets in StyleGAN's images. Here a style scales the weights of a convolution instead, which are then
divided by their norm (Eq. 1 and 3; gan_zoo/layers/modulation.py). Nothing grows: the generator adds up images of all
resolutions, and the discriminator is residual. The losses are the logistic one with R1, for which the discriminator
minimises

    -E[log D(x)] - E[log(1 - D(x~))] + γ / 2 E[||∇ D(x)||²]        γ = 10

and for the generator a penalty on how unevenly images change with their styles, with y ~ N(0, I) and the long-running
mean a of the norm:

    -E[log D(x~)] + 2 E[(||J_w^T y|| - a)²]        (Eq. 4)

Both regularisers are lazy (appendix B): they are computed in every 16th and every 8th step, in updates of their own
and multiplied by 16 and 8, for which Adam's rate and betas are corrected.

Defaults are those of the paper's configuration F; `wide_until: 32` is configuration E. The presets of "Training
Generative Adversarial Networks with Limited Data" (ADA, Karras 2020, https://arxiv.org/abs/2006.06676) are values in
the YAMLs of experiments/, and with `conditional` the networks know the class as they do there: the generator by a
vector beside z, the discriminator by projection.
Departures from the paper: the authors' program takes the path length in every 4th step; one draw of style mixing holds
for a minibatch; the mean a moves after the update that uses it; the half-life of the moving average is at most 5 % of
the images shown so far, as in ADA; classes of generated images are drawn uniformly; no half precision of single layers.
"""

from functools import partial
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_zoo import bounds, losses, penalties
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.augment import Augment, AugmentProbability
from gan_zoo.bounds import bounded
from gan_zoo.distributed.strategy import mean_over_processes
from gan_zoo.images import Batch
from gan_zoo.layers import at_least_float32
from gan_zoo.module import Terms
from gan_zoo.networks import style, style2, style2_discriminator
from gan_zoo.networks.conditional import need_classes
from gan_zoo.sampling import Inputs
from gan_zoo.step.optimizers import lazy_adam


class StyleGAN2(AdversarialModule):
    """A generator whose styles modulate its weights, with lazy regularisation of both networks.

    Args:
        image_shape: (channels, height, width) of the training images, squares of a power of two.
        num_classes: Number of classes in the data, 0 if it has none. Only `conditional` uses it.
        conditional: Whether both networks know the class.
        latent_dim: Length of z and of w.
        latent_law: Distribution of z.
        width: Channels at the smallest resolutions.
        wide_until: The last resolution with `width` channels, in pixels; each further doubling halves them.
        mapping_layers: Fully connected layers from z to w.
        residual: Whether the discriminator's blocks have shortcuts; False is the program's architecture `orig`.
        frozen_blocks: Number of the discriminator's first blocks, those of the largest maps, that are not trained: for
            a run that starts from another one and has few images (FreezeD, Mo 2020).
        stddev_group: Images over which the deviation of a minibatch is taken.
        penalty_weight: γ of R1; 0: no penalty.
        penalty_every: Steps from one R1 to the next.
        path_weight: Weight of the path length regulariser; 0: there is none.
        path_every: Steps from one path length regulariser to the next.
        path_share: Share of a minibatch for which path lengths are computed.
        mixing_probability: Share of the minibatches that have the styles of two latents.
        learning_rate: Adam's step size, before it is corrected for the lazy regularisers.
        betas: Adam's decay rates, for both networks, before they are corrected.
        average_half_life: Half-life of the generator's moving average, in images; 0: none.
        augment: Augmentation of all images that the discriminator sees.
        augment_probability: p of ADA: by the signs of the scores of real images, by a schedule, or a number.
    """

    generator: style2.Generator
    discriminator: style2_discriminator.Discriminator
    path_mean: Tensor

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        num_classes: int,
        conditional: bool = False,
        latent_dim: int = 512,
        latent_law: Literal["normal", "uniform", "sphere"] = "normal",
        width: int = 512,
        wide_until: int = 64,
        mapping_layers: int = 8,
        residual: bool = True,
        frozen_blocks: int = 0,
        stddev_group: int = 4,
        penalty_weight: float = 10.0,
        penalty_every: int = 16,
        path_weight: float = 2.0,
        path_every: int = 8,
        path_share: float = 0.5,
        mixing_probability: float = 0.9,
        learning_rate: float = 2e-3,
        betas: tuple[float, float] = (0.0, 0.99),
        average_half_life: int = 10_000,
        augment: Augment = "none",
        augment_probability: AugmentProbability = "adaptive",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=1, wide_until=wide_until, penalty_every=penalty_every, path_every=path_every)
        bounded("model.", at_least=0, path_weight=path_weight)
        bounded("model.", above=0, at_most=1, path_share=path_share)
        if conditional:
            need_classes(num_classes, "model.conditional")
            self.num_classes = num_classes
        self.latent_dim, self.latent_law, self.mixing_probability = latent_dim, latent_law, mixing_probability
        self.penalty_weight, self.penalty_every = penalty_weight, penalty_every
        self.path_weight, self.path_every, self.path_share = path_weight, path_every, path_share
        self.learning_rate, self.betas = learning_rate, betas
        self.generator = style2.generator(image_shape, latent_dim, width, wide_until, mapping_layers, self.num_classes)
        self.discriminator = style2_discriminator.discriminator(
            image_shape, width, wide_until, stddev_group, residual, self.num_classes
        )
        bounded("model.", at_least=0, at_most=len(self.discriminator.blocks), frozen_blocks=frozen_blocks)
        self.discriminator.freeze(frozen_blocks)
        self.register_buffer("path_mean", torch.zeros(()))
        self.keep_average(average_half_life)
        self.keep_augmentation(augment, augment_probability, image_shape)
        self._means: list[Tensor] = []
        self._lengths: list[Tensor] = []

    def take_step(self, minibatches: list[Batch]) -> None:
        (batch,), (counted, discriminator_optimizer) = minibatches, self.turns()
        self.update(discriminator_optimizer, self.discriminator_loss, batch)
        if self.penalty_weight and self.current_step % self.penalty_every == 0:
            self.update(discriminator_optimizer, self.penalty_loss, batch)
        self.update(counted, self.generator_loss, batch)
        if self.path_weight and self.current_step % self.path_every == 0:
            self.update(self.trainer.optimizers[0], self.path_loss, batch)  # bare: the step has been counted
            self.path_mean.lerp_(mean_over_processes(torch.cat(self._lengths).mean()).to(self.path_mean), 0.01)
        self.generator.track(mean_over_processes(torch.stack(self._means).mean(0)))
        self._means.clear()
        self._lengths.clear()

    def styles(self, *label: Tensor, n: int) -> style.Styles:
        """Draw the styles of `n` training images, of their classes if there are any, some of them of two latents."""
        network = self.generator
        first, second = (network.spread(network.mapping(self.latents(n), *label)) for _ in range(2))
        crossover = torch.randint(1, network.layers, (), device=self.device)
        mixed = torch.rand((), device=self.device) < self.mixing_probability
        return style.mixed_styles(first, second, torch.where(mixed, crossover, network.layers))

    def drawn_classes(self, n: int) -> tuple[Tensor, ...]:
        """Draw the classes of `n` generated images, if the networks know classes."""
        return (self.labels(n),) if self.num_classes else ()

    def discriminator_loss(self, batch: Batch) -> Terms:
        label = self.drawn_classes(len(batch["image"]))
        with torch.no_grad():
            fake = self.generator.synthesise(self.styles(*label, n=len(batch["image"])), style.random_noise)
        scores = {"real": self.note(self.judge_real(batch)), "fake": self.judge(fake, *label)}
        return {"discriminator/logistic": losses.minimax_discriminator(**scores)}

    def penalty_loss(self, batch: Batch) -> Terms:
        """Return R1 of real images before their augmentation, which the gradient goes through."""
        with penalties.full_precision(self.device):
            real = batch["image"].detach().requires_grad_()
            r1 = penalties.zero_centred(self.judge_real(batch | {"image": real}), real)
        return {"discriminator/r1": self.penalty_weight / 2 * self.penalty_every * r1}

    def generator_loss(self, batch: Batch) -> Terms:
        label = self.drawn_classes(len(batch["image"]))
        styles = self.styles(*label, n=len(batch["image"]))
        self._means.append(at_least_float32(styles[:, 0].detach()).mean(0))
        scores = self.judge(self.generator.synthesise(styles, style.random_noise), *label)
        return {"generator/logistic": losses.non_saturating_generator(fake=scores)}

    def path_loss(self, batch: Batch) -> Terms:
        """Return the path length regulariser of a part of the minibatch, and keep the lengths for their mean."""
        n = max(1, int(len(batch["image"]) * self.path_share))
        with penalties.full_precision(self.device):
            styles = self.styles(*self.drawn_classes(n), n=n)
            lengths = penalties.path_lengths(self.generator.synthesise(styles, style.random_noise), styles)
        self._lengths.append(lengths.detach())
        penalty = penalties.path_length(lengths, self.path_mean)
        return {"generator/path_length": self.path_weight * self.path_every * penalty}

    def judge_real(self, batch: Batch) -> Float[Tensor, " n"]:
        """Return the scores of real images, with their classes if the networks know classes."""
        return self.judge(batch["image"], batch["label"]) if self.num_classes else self.judge(batch["image"])

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        adam = partial(lazy_adam, learning_rate=self.learning_rate, betas=self.betas)
        return (
            adam(self.generator, every=self.path_every if self.path_weight else 0),
            adam(self.discriminator, every=self.penalty_every if self.penalty_weight else 0),
        )

    def render(self, network: nn.Module, inputs: Inputs) -> Float[Tensor, " n c h w"]:
        """Make images, each with its own noise, by styles that are truncated in all layers if asked.

        Raises:
            Mistake: A truncation before the first step, when there is no mean of the styles.
        """
        assert isinstance(network, style2.Generator)
        label = () if inputs.label is None else (inputs.label,)
        styles = network.sampled_styles(inputs.latents, *label, truncation=inputs.truncation, layers=network.layers)
        numbers = inputs.noise(network.numbers_of_noise()).to(inputs.latents.device)
        return network.synthesise(styles, style.given_noise(numbers))
