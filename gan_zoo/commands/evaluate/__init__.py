"""`gan-zoo evaluate`: scores of runs, or of a folder of images.

options.py        the options, and the order that they make        command.py      picks what is scored
runs.py           runs at their checkpoints                        checkpoints.py  which files of a run
foreign.py        other people's images, as a run of their own     foreign_images.py  reading them
likelihood.py     the bound on log p(x), for a VAE                 evaluators.py   made once for all runs
processes.py      several processes, one for each GPU              output.py       printed and recorded scores
"""
