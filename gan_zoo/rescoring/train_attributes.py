"""`python -m gan_zoo.rescoring.train_attributes`, the path in version 0.1 of `gan_zoo.metrics.train_attributes`."""

from gan_zoo.metrics.train_attributes import main

if __name__ == "__main__":
    raise SystemExit(main())
