"""StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation.

Choi, Choi, Kim, Ha, Kim and Choo, 2018. https://arxiv.org/abs/1711.09020

One generator G(x, c) translates an image x to any label c. One discriminator D scores patches and predicts the label.
With c' the label that an image has, and c the target label,

    L_D = -L_adv + λ_cls E[-log D_cls(c' | x)]        (Eq. 5)
    L_G =  L_adv + λ_cls E[-log D_cls(c | G(x, c))] + λ_rec E[‖x - G(G(x, c), c')‖₁]        (Eq. 6)

with the L_adv of WGAN-GP, λ_gp = 10 (Eq. 8). Several data sets are learned jointly: their labels are concatenated, with
zeros for the labels of the other sets, and a mask says which set is meant (Eq. 7), [set 1 | set 2 | ... | mask]. The
class loss of an image uses the labels of its own set alone. Mini-batches come from the sets in turn, also those of the
generator's updates.

Defaults are the paper's, and the authors' program's where the paper is silent: a softmax over classes; a sigmoid for
each attribute, their cross-entropies summed; c is the c' of another image of the mini-batch, which keeps the
correlations between labels. The program counts discriminator updates: its 200,000 are 40,000 steps. According to the
paper, the learning rates decay linearly to 0 over the second half (`decay: documented`). In fact the program subtracts
1/100,000 of the initial rate every 1,000 updates, so that they end at 0.999 of it (`decay: released`).
Departures from the paper: none known.
Departures from the program: instance norm never has running statistics (the program collects them, and its images
change when it uses them). Scores keep the labels that the discriminator predicts, as `gan-zoo translate` must; the
program's test keeps those of the data. The generator's update draws new targets. With two sets, both alternate the
discriminator's updates between the sets. The program then updates the generator twice after every five pairs of such
updates, once on each set; here the generator is updated after every five discriminator updates, on the set of the last
of them, which alternates from step to step.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Optimizer

from datamodules.labels import LabelSet
from gan_zoo import bounds, images, losses, penalties, schedules, tiles
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.bounds import bounded
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.layers import at_least_float32, channels_last
from gan_zoo.module import Terms
from gan_zoo.networks.stargan import LEAST_SIDE, STRIDE, Discriminator, Generator
from gan_zoo.sampling import evaluating
from gan_zoo.step.optimizers import adams
from gan_zoo.translation.labels import Labels
from gan_zoo.translation.routes import Route

Images = Float[Tensor, "n c h w"]
Label = Float[Tensor, "n k"]
Domain = Int64[Tensor, " n"]

CUT_EVERY = 1000
"""Discriminator updates between two cuts of the learning rates, in the authors' program."""


class StarGAN(AdversarialModule):
    """Translation of images to any label of one or more data sets.

    Args:
        image_shape: (channels, height, width) of the training images.
        label_sets: Names and kind of the labels of each data set, and which of them exclude each other.
        width: Channels of the generator after its first convolution.
        blocks: Residual blocks of the generator.
        discriminator_width: Channels of the discriminator after its first convolution.
        halvings: How often the discriminator halves the image, whose sides are multiples of 2^halvings.
        class_weight: λ_cls in Eq. 5 and 6.
        reconstruction_weight: λ_rec in Eq. 6.
        penalty_weight: λ_gp in Eq. 8, the weight of the gradient penalty.
        n_critic: Discriminator updates per generator update, each on new images.
        learning_rate: Adam's step size α, for both networks.
        betas: Adam's decay rates β₁ and β₂, for both networks.
        decay: How the learning rates decay: `documented`, as in the paper; `released`, as in the authors' program.
        decay_from: Step at which the decay begins.
        decay_until: Step at which the documented learning rates reach 0 and the run ends; 0: constant rates.
        average_half_life: Half-life of the generator's exponential moving average, in images; 0: no average, as in the
            paper.
    """

    stride = STRIDE
    """Number of pixels that the sides of an image must be multiples of."""

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        label_sets: tuple[LabelSet, ...],
        width: int = 64,
        blocks: int = 6,
        discriminator_width: int = 64,
        halvings: int = 6,
        class_weight: float = 1.0,
        reconstruction_weight: float = 10.0,
        penalty_weight: float = 10.0,
        n_critic: int = 5,
        learning_rate: float = 1e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        decay: Literal["documented", "released"] = "documented",
        decay_from: int = 20_000,
        decay_until: int = 40_000,
        average_half_life: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounds.refuse_unusable(self.hparams)
        bounded("model.", at_least=1, at_most=30, halvings=halvings)
        bounded("model.", at_least=0, at_most=1000, blocks=blocks)
        bounded("model.", at_least=0, reconstruction_weight=reconstruction_weight, decay_from=decay_from)
        bounded("model.", at_least=decay_from + 1 if decay_until else 0, decay_until=decay_until)
        self.class_weight, self.reconstruction_weight = class_weight, reconstruction_weight
        self.penalty_weight, self.n_critic = penalty_weight, n_critic
        self.learning_rate, self.betas = learning_rate, betas
        self.decay, self.decay_from, self.decay_until = decay, decay_from, decay_until
        self.known = Labels(label_sets)
        self.register_buffer("set_masks", self.known.masks(), persistent=False)
        total, sets = len(self.known.names), len(self.known.spans)
        self.image_size = tuple(image_shape[1:])
        self.generator = Generator(image_shape[0], total + (sets if sets > 1 else 0), width, blocks)
        self.discriminator = Discriminator(image_shape, total, discriminator_width, halvings)
        channels_last(self.generator)
        channels_last(self.discriminator)
        self.keep_average(average_half_life)

    def forward(self, image: Images, label: Label, domain: Domain) -> Images:
        """Translate `image` to `label`, of which only the part of the set `domain` is used."""
        return self.generator(image, self.condition(label, domain))

    def condition(self, label: Label, domain: Domain) -> Float[Tensor, "n condition"]:
        """Return the generator's input (Eq. 7): `label` with zeros outside the set `domain`, and the mask of the set.

        With only one data set, there is no mask.
        """
        sets = len(self.known.spans)
        own = label * self.get_buffer("set_masks")[domain]
        return torch.cat([own, F.one_hot(domain, sets)], dim=1) if sets > 1 else own

    def discriminator_loss(self, batch: Batch) -> Terms:
        real, label, domain = self.unpack(batch)
        with torch.no_grad():
            fake = self(real, others(label), domain)
        scores, logits = self.discriminator(real)
        return {
            "discriminator/wasserstein": losses.wasserstein_discriminator(real=scores, fake=self.critic(fake)),
            "discriminator/penalty": self.penalty_weight * penalties.gradient_penalty(self.critic, real, fake),
            "discriminator/class": self.class_weight * self.class_loss(logits, label, domain),
        }

    def generator_loss(self, batch: Batch) -> Terms:
        real, label, domain = self.unpack(batch)
        target = others(label)
        fake = self(real, target, domain)
        scores, logits = self.discriminator(fake)
        back = self(fake, label, domain)
        return {
            "generator/wasserstein": losses.wasserstein_generator(fake=scores),
            "generator/class": self.class_weight * self.class_loss(logits, target, domain),
            "generator/reconstruction": self.reconstruction_weight * F.l1_loss(back, real),
        }

    def class_loss(self, logits: Label, label: Label, domain: Domain) -> Float[Tensor, ""]:
        """Return the cross-entropy of the labels of each image's set: summed over attributes, averaged over images."""
        by_set = []
        for kind, span in zip(self.known.kinds, self.known.spans, strict=True):
            predicted, true = at_least_float32(logits[:, span]), label[:, span]
            if kind == "classes":
                by_set.append(F.cross_entropy(predicted, true, reduction="none"))
            else:
                by_set.append(F.binary_cross_entropy_with_logits(predicted, true, reduction="none").sum(1))
        return torch.stack(by_set, dim=1).gather(1, domain[:, None]).mean()

    def critic(self, image: Images) -> Float[Tensor, "n 1 rows columns"]:
        """Return the discriminator's scores, without the logits of the labels."""
        return self.discriminator(image)[0]

    def unpack(self, batch: Batch) -> tuple[Images, Label, Domain]:
        """Return the images of `batch`, their labels as zeros and ones, and the number of the set of each image."""
        image, label = batch["image"], batch["label"]
        if label.ndim == 1:
            label = F.one_hot(label, len(self.known.names)).to(image.dtype)
        return image, label, batch.get("domain", torch.zeros(len(image), dtype=torch.int64, device=image.device))

    def rate(self, step: int) -> float:
        if not self.decay_until:
            return 1.0
        if self.decay == "documented":
            return schedules.linear_decay(step, start=self.decay_from, end=self.decay_until)
        total, past = (self.n_critic * max(0, end - self.decay_from) for end in (self.decay_until, step))
        return 1 - past // CUT_EVERY / total

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)

    @torch.no_grad()
    def translate(self, image: Images, label: Label, domain: int = 0) -> Images:
        """Return the translations of `image` to `label`, in [-1, 1]. Each is independent of the other images.

        Args:
            image: Images in [-1, 1], of any size with sides that are multiples of 4.
            label: Zeros and ones for the labels of all sets, (n, k). `known.asked` makes a label from names, and
                `known.changed` from another label.
            domain: Number of the set whose part of the label is used.

        Raises:
            Mistake: The generator does not take images of this size, or the label has another shape.
        """
        height, width = image.shape[2:]
        if height % self.stride or width % self.stride:
            raise Mistake(f"{width} x {height} pixels: StarGAN takes sides that are multiples of {self.stride}.")
        if min(height, width) < LEAST_SIDE:
            raise Mistake(f"{width} x {height} pixels are too few for StarGAN: at least {LEAST_SIDE} a side.")
        if label.shape != (len(image), len(self.known.names)):
            raise Mistake(
                f"The label has shape {tuple(label.shape)} for {len(image)} image(s): give each image 0 or 1 for each "
                f"of {', '.join(self.known.names)}."
            )
        with evaluating(self.averaged):
            condition = self.condition(label, torch.full((len(image),), domain, device=image.device))
            return tiles.blended(lambda part: self.averaged(part, condition), self.averaged, image, self.stride)

    @property
    def reads_labels(self) -> bool:
        """Whether the labels include attributes, so that a translation keeps those that the discriminator reads."""
        return "attributes" in self.known.kinds

    @torch.no_grad()
    def read(self, image: Images) -> Label:
        """Return the labels of images of any size, 0 or 1 each, as the discriminator predicts them.

        The discriminator sees the largest part from the middle with the proportions of the training images, resized to
        their size, as CelebA and RaFD cut their photographs. The model does not know of a smaller `data.centre_crop`:
        after training with one, crop the images as closely before. If there are only classes, all labels are 0, since
        the target class replaces the class of the image.

        Raises:
            Mistake: The model was loaded from the file of its generator, without its discriminator.
        """
        if not self.reads_labels:
            return image.new_zeros(len(image), len(self.known.names))
        if not self.has_discriminator:
            raise Mistake(
                "StarGAN was loaded from its generator alone, but needs its discriminator to read the attributes that "
                "stay as they are: load the run's checkpoints/last.ckpt instead."
            )
        logits = self.discriminator(images.middle_at(image, self.image_size))[1]
        return self.known.predicted(logits).to(image.dtype)

    def changed(self, image: Images, values: Mapping[int, bool], domain: int) -> Images:
        """Translate `image` to its labels from `read`, in which `values` sets or clears the labels at its positions."""
        label = self.read(image)
        for place, value in values.items():
            label = self.known.with_value(label, place, value)
        return self.translate(image, label, domain)

    @property
    def routes(self) -> tuple[Route, ...]:
        """A route that sets each label, and one that clears it unless it excludes others."""
        return self.known.routes

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        """Translate the images of `batch` along `route`, which changes one label.

        The other labels are those that the discriminator reads, even if the data has labels: a score then measures
        what `gan-zoo translate` makes of the same image.
        """
        assert route.label is not None
        return self.changed(batch["image"], {route.label: route.value}, route.domain)

    def show(self, count: int, seed: int, examples: Callable[[int], Batch]) -> tuple[Images, int]:
        """Return one row for each image: the image, then its translations with one label changed each."""
        places = range(len(self.known.names))
        rows = max(1, count // (1 + len(places)) // len(self.known.spans))
        image, label, _ = self.unpack(examples(rows))
        columns = [self.translate(image, self.known.changed(label, at), self.known.domain(at)) for at in places]
        return torch.stack([image, *columns], dim=1).flatten(0, 1), 1 + len(places)


def others(label: Label) -> Label:
    """Return the labels of the mini-batch, randomly permuted among its images."""
    return label[torch.randperm(len(label), device=label.device)]
