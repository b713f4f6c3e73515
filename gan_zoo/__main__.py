"""`python -m gan_zoo` runs the command `gan-zoo`."""

from gan_zoo.cli import main

main()
