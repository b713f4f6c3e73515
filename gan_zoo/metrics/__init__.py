"""Scores: features of images, and distances between the features of generated and of real images.

What is measured
    frechet.py            FID and its relatives             infinity.py       extrapolated to infinitely many images
    kernel.py             KID                               inception_score.py
    neighbours.py         precision, recall, density, coverage
    likelihood.py         the bound on log p(x) of a VAE    agreement.py      whether a class is the one asked for
    translated.py         translated images, by route       faithful.py       L1, PSNR, SSIM and the like
    stylized.py, art.py   style transfer                    baselines.py      what translations should beat

How it is measured
    evaluator.py    one pass over the images for all metrics of an extractor
    judges.py       picks what scores a model: samples, translations or stylized images
    score.py        what a metric must offer                choices.py        the names that a user may type
    names.py        names of scores and which way is better
    protocol.py     the protocol of a score: its fields, and when two scores may be compared; evaluator.py fills it
    fakes.py        generated images by index               references.py     what is computed once of real images
    moments.py      sums that add up over processes         subsets.py        part of a set of images
    presets.py      the protocols of papers by name

Networks
    extractors/     features of images                      classifiers.py    who tells a class or an attribute
    attributes.py   the classifier of attributes            train_attributes.py, train_lenet.py
"""
