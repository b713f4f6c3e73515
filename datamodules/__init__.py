"""Data sets as LightningDataModules. A batch is a dict of tensors:

| key | what |
|---|---|
| `image` | uint8 (n, c, h, w), grey levels 0 to 255; a floating one is taken as already in [-1, 1] |
| `label` | int64 (n,) classes, or float (n, k) attributes in {0, 1}; of several sets, their labels beside each other |
| `source`, `target` | a pair of images, shown together |
| `a`, `b` | images of two unpaired sets |
| `domain` | int64 (n,): which set an image is from, where there are several |

Knows nothing of gan_zoo; draws nothing at random on the device.
"""
