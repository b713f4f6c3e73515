"""Data sets as LightningDataModules.

Data modules
    mnist.py  fashion_mnist.py  svhn.py  cifar10.py  celeba.py  rafd.py  lsun.py  gaussians.py
    image_folder.py    your own folder or zip           paired.py         pairs of images, for pix2pix
    unpaired.py        two folders, for CycleGAN        unpaired_sets.py  any two data modules side by side
    multi_domain.py    several labelled sets at once, for StarGAN

What they share
    stream.py        the endless, shuffled, resumable stream    order.py      which images each step shows
    images.py        image sets that are read in batches        mixtures.py   several sets as one
    sources.py       encoded images in files                    stores.py     folders and zips
    decoding.py      decodes files on all cores                 transform.py  resizes any image to a square
    cache.py         reads images that were decoded before      preparing.py  decodes them into that cache
    labels.py        labels from folders and lists              idx.py        MNIST's file format
    fingerprints.py  a hash of a set's content                  official.py   downloads by torchvision
    catalogue.py     the sets known by name                     collection.py all images at a path, with their splits
    checking.py      finds damaged and duplicate images         names.py      names of splits and counts
    errors.py        DataError                                  workers.py    signals in processes that read data
    plain.py         opens plain files only

A batch is a dict of tensors:

| key | value |
|---|---|
| `image` | uint8 (n, c, h, w), grey levels 0 to 255; a floating-point image is taken to be in [-1, 1] already |
| `label` | int64 (n,) classes, or float (n, k) attributes in {0, 1}; with several sets, their labels side by side |
| `source`, `target` | a pair of images, shown together |
| `a`, `b` | images of two unpaired sets |
| `domain` | int64 (n,): number of the set that an image comes from, where there are several |

This package never imports gan_zoo and draws no random numbers on the device.
"""
