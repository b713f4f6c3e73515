"""`python -m gan_zoo` is the command `gan-zoo`."""

from gan_zoo.cli import main

main()
