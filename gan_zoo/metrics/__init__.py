"""Scores: features of images, and distances between the features of generated and of real images.

What is measured
    frechet.py            FID and its relatives             infinity.py       extrapolated to infinitely many images
    bootstrap.py          one run's FID with an interval    inception_score.py
    kernel.py             KID                               discrepancy.py    CMMD
    neighbours.py         precision, recall, density, coverage
    memorisation.py       AuthPct: is it a copy?            closest.py        the nearest training images
    likelihood.py         the bound on log p(x) of a VAE    agreement.py      samples of the requested class
    translated.py         translations, route by route      faithful.py       per image: L1, PSNR, SSIM ...
    stylized.py, art.py   style transfer                    baselines.py      scores that translations should beat

How it is measured
    evaluator.py    one pass over the images for all metrics of an extractor
    judges.py       picks the evaluator of a model: for samples, translations or stylized images
    score.py        what a metric must offer                choices.py        the names that a user may type
    names.py        names of scores and which way is better
    protocol.py     the protocol of a score: its fields, and when two scores may be compared; evaluator.py fills in
                    the network and the images, fakes.py how they were sampled
    fakes.py        generated images by index               references.py     what is computed once of real images
    moments.py      sums that add up over processes         subsets.py        part of a set of images
    real.py         real images of a data module          presets.py        papers' protocols by name
    arrays.py       the arrays in an .npz of any origin

Networks
    extractors/     features of images                      classifiers.py    judge a class or an attribute
    attributes.py   the attribute classifier                train_attributes.py, train_lenet.py
"""
