"""StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation.

Choi, Choi, Kim, Ha, Kim and Choo, 2018. https://arxiv.org/abs/1711.09020

One generator G(x, c) brings an image x to any label c; one discriminator D scores patches and tells the label. With
c' the label that an image had, and c the one that it is to have,

    L_D = -L_adv + λ_cls E[-log D_cls(c' | x)]        (Eq. 5)
    L_G =  L_adv + λ_cls E[-log D_cls(c | G(x, c))] + λ_rec E[‖x - G(G(x, c), c')‖₁]        (Eq. 6)

with L_adv that of WGAN-GP, λ_gp = 10 (Eq. 8). Several sets are learnt jointly: labels stand beside each other, those
that a set does not know are zeros, and a mask says which set's are meant (Eq. 7), [set 1 | set 2 | ... | mask]. Each
image's class loss is of its own set's labels alone. Minibatches come from the sets in turn, on which the generator is
updated too.

Defaults are the paper's, and the authors' program's where that is silent: classes have a softmax, attributes a sigmoid
each, whose cross-entropies are summed; c is c' of another image of the minibatch, so that labels keep their company.
The program counts discriminator updates: its 200,000 are 40,000 steps. Its learning rates are said to fall on a line
to 0 over the second half (`decay: documented`); but every 1,000 updates it takes off 1/100,000 of them, so that they
end at 0.999 of the start (`decay: released`).
Departures from the paper: none known. From the program: instance norm never has running statistics (the program gathers
them, and its pictures change where it uses them); scores keep the labels that the discriminator reads, as
`gan-zoo translate` has to, where the program's test keeps those of the data; the generator's update draws targets anew;
with two sets, both alternate the discriminator's updates between the sets, but the program updates the generator twice
after every five pairs of them, once on each set, and here the generator is updated after every five discriminator
updates, on the set of the last of them, which alternates from step to step.
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
    """Translation of images to any label of one data set, or of several.

    Args:
        image_shape: (channels, height, width) of the training images.
        label_sets: what the labels are called, set by set, and which exclude each other.
        width: the generator's channels next to the image.
        blocks: residual blocks of the generator.
        discriminator_width: the discriminator's channels next to the image.
        halvings: of the discriminator; the image's sides are multiples of 2^halvings.
        class_weight: λ_cls in Eq. 5 and 6.
        reconstruction_weight: λ_rec in Eq. 6.
        penalty_weight: λ_gp in Eq. 8, of the gradient penalty.
        n_critic: discriminator updates per generator update, each on fresh images.
        learning_rate: Adam's α, for both networks.
        betas: Adam's β₁ and β₂, for both networks.
        decay: of the learning rates: as the paper says, or as the authors' program does.
        decay_from: step at which they begin to fall.
        decay_until: step at which, as documented, they are 0 and the run ends; 0: they are constant.
        average_half_life: of the generator's moving average, in images; 0: none, as in the paper.
    """

    stride = STRIDE
    """Of the generator, in pixels."""

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
        bounded("model.", at_least=1, halvings=halvings)
        bounded("model.", at_least=0, reconstruction_weight=reconstruction_weight, blocks=blocks, decay_from=decay_from)
        bounded("model.", at_least=decay_from + 1 if decay_until else 0, decay_until=decay_until)
        self.class_weight, self.reconstruction_weight = class_weight, reconstruction_weight
        self.penalty_weight, self.n_critic = penalty_weight, n_critic
        self.learning_rate, self.betas = learning_rate, betas
        self.decay, self.decay_from, self.decay_until = decay, decay_from, decay_until
        self.known = Labels(label_sets)
        self.register_buffer("own", self.known.own(), persistent=False)
        total, sets = len(self.known.names), len(self.known.spans)
        self.image_size = tuple(image_shape[1:])
        self.generator = Generator(image_shape[0], total + (sets if sets > 1 else 0), width, blocks)
        self.discriminator = Discriminator(image_shape, total, discriminator_width, halvings)
        channels_last(self.generator)
        channels_last(self.discriminator)
        self.keep_average(average_half_life)

    def forward(self, image: Images, label: Label, domain: Domain) -> Images:
        """`image` as `label` says, of which only the part of its `domain` counts."""
        return self.generator(image, self.told(label, domain))

    def told(self, label: Label, domain: Domain) -> Float[Tensor, "n told"]:
        """What the generator is told: the labels of `domain`'s set among zeros; of several sets, the mask too."""
        sets = len(self.known.spans)
        own = label * self.get_buffer("own")[domain]
        return torch.cat([own, F.one_hot(domain, sets)], dim=1) if sets > 1 else own

    def discriminator_loss(self, batch: Batch) -> Terms:
        real, label, domain = self.parts(batch)
        with torch.no_grad():
            fake = self(real, others(label), domain)
        scores, logits = self.discriminator(real)
        return {
            "discriminator/wasserstein": losses.wasserstein_discriminator(real=scores, fake=self.critic(fake)),
            "discriminator/penalty": self.penalty_weight * penalties.gradient_penalty(self.critic, real, fake),
            "discriminator/class": self.class_weight * self.class_loss(logits, label, domain),
        }

    def generator_loss(self, batch: Batch) -> Terms:
        real, label, domain = self.parts(batch)
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
        """Cross-entropy of each image's own set's labels, summed over attributes, mean over images."""
        own = []
        for kind, span in zip(self.known.kinds, self.known.spans, strict=True):
            seen, there = at_least_float32(logits[:, span]), label[:, span]
            if kind == "classes":
                own.append(F.cross_entropy(seen, there, reduction="none"))
            else:
                own.append(F.binary_cross_entropy_with_logits(seen, there, reduction="none").sum(1))
        return torch.stack(own, dim=1).gather(1, domain[:, None]).mean()

    def critic(self, image: Images) -> Float[Tensor, "n 1 rows columns"]:
        """The scores without the labels' logits."""
        return self.discriminator(image)[0]

    def parts(self, batch: Batch) -> tuple[Images, Label, Domain]:
        """Images, labels as zeros and ones, and the set that each is of."""
        image, label = batch["image"], batch["label"]
        if label.ndim == 1:
            label = F.one_hot(label, len(self.known.names)).to(image.dtype)
        return image, label, batch.get("domain", torch.zeros(len(image), dtype=torch.int64, device=image.device))

    def rate(self, step: int) -> float:
        if not self.decay_until:
            return 1.0
        if self.decay == "documented":
            return schedules.linear_decay(step, start=self.decay_from, end=self.decay_until)
        updates, past = (self.n_critic * max(0, end - self.decay_from) for end in (self.decay_until, step))
        return 1 - past // CUT_EVERY / updates

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return adams(self.generator, self.discriminator, learning_rate=self.learning_rate, betas=self.betas)

    @torch.no_grad()
    def translate(self, image: Images, label: Label, domain: int = 0) -> Images:
        """`image` as `label` says, in [-1, 1], each on its own.

        Args:
            image: in [-1, 1], of any size in multiples of 4.
            label: of all sets, side by side; `known.asked` makes one of names, `known.changed` one of another.
            domain: the set whose part of the label counts.

        Raises:
            Mistake: a size or a label that does not fit.
        """
        height, width = image.shape[2:]
        if height % self.stride or width % self.stride:
            raise Mistake(f"{width} x {height} pixels: StarGAN takes sides that are multiples of {self.stride}.")
        if min(height, width) < LEAST_SIDE:
            raise Mistake(f"{width} x {height} pixels are too few for StarGAN: at least {LEAST_SIDE} a side.")
        if label.shape != (len(image), len(self.known.names)):
            raise Mistake(
                f"A label of {tuple(label.shape)} for {len(image)} image(s): it says 0 or 1 of each of "
                f"{', '.join(self.known.names)}."
            )
        with evaluating(self.averaged):
            told = self.told(label, torch.full((len(image),), domain, device=image.device))
            return tiles.blended(lambda part: self.averaged(part, told), self.averaged, image, self.stride)

    @property
    def reads_labels(self) -> bool:
        """Whether there are attributes, so that a translation keeps those that the discriminator reads."""
        return "attributes" in self.known.kinds

    @torch.no_grad()
    def read(self, image: Images) -> Label:
        """Read the labels of images of any size, 0 or 1 each, with the discriminator.

        It looks at the largest part in the middle that has the proportions of the training images, at their size: what
        CelebA and RaFD show of a photograph. A smaller `data.centre_crop` is not known to the model: such a run reads
        best what was cut as closely before. Where there are classes alone, all labels are 0: an image has one class,
        and the one that is asked for takes its place.

        Raises:
            Mistake: the model was loaded from the file of its generator alone.
        """
        if not self.reads_labels:
            return image.new_zeros(len(image), len(self.known.names))
        if not self.has_discriminator:
            raise Mistake(
                "StarGAN was loaded from its generator alone, and its discriminator reads the attributes that stay as "
                "they are: load the run's checkpoints/last.ckpt instead."
            )
        logits = self.discriminator(images.middle_at(image, self.image_size))[1]
        return self.known.told_by(logits).to(image.dtype)

    def changed(self, image: Images, values: Mapping[int, bool], domain: int) -> Images:
        """Translate `image` to its labels as `read`, of which those at the places `values` are given or taken."""
        label = self.read(image)
        for place, value in values.items():
            label = self.known.given(label, place, value)
        return self.translate(image, label, domain)

    @property
    def routes(self) -> tuple[Route, ...]:
        """One for each label, and one without it where it excludes no other."""
        return self.known.routes

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        """Translate the images of `batch` along `route`, which changes one label.

        The others are as the discriminator reads them, also where the data has them: so a score is of what
        `gan-zoo translate` makes of the same image.
        """
        assert route.label is not None
        return self.changed(batch["image"], {route.label: route.value}, route.domain)

    def show(self, count: int, seed: int, examples: Callable[[int], Batch]) -> tuple[Images, int]:
        """A face a row: as it is, then changed in one label after the other."""
        places = range(len(self.known.names))
        rows = max(1, count // (1 + len(places)) // len(self.known.spans))
        image, label, _ = self.parts(examples(rows))
        made = [self.translate(image, self.known.changed(label, at), self.known.domain(at)) for at in places]
        return torch.stack([image, *made], dim=1).flatten(0, 1), 1 + len(places)


def others(label: Label) -> Label:
    """The labels of the minibatch, at random among its images."""
    return label[torch.randperm(len(label), device=label.device)]
