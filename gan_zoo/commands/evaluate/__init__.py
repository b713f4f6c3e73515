"""`gan-zoo evaluate`: scores of runs, or of a folder of images.

options.py        the options, as one `Order`                      command.py      chooses among the next three
runs.py           scores of runs at their checkpoints              checkpoints.py  finds these checkpoints
foreign.py        scores of other people's images                  foreign_images.py  reads these images
likelihood.py     the bound on log p(x), for a VAE                 evaluators.py   makes evaluators, once for all runs
held_out.py       the baseline and the picture of neighbours
processes.py      several processes, one for each GPU              output.py       prints and records scores
"""
