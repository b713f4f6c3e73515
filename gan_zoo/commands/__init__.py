"""The commands of `gan-zoo`. A file is imported only when its command runs.

    fit.py          trains one run                        study.py        trains a grid of runs, then reports
    sample.py       writes images of a trained generator  evaluate/       scores runs and folders of images
    translate.py    translates images with trained runs   stylize.py      style transfer
    data/           data sets: list, check, show ...      runs.py         lists and removes runs
    latent/         draws what a generator's latents do

What they share:

    options.py            the options of each command
    parser.py             the argument parser and the choice of a command
    parser_errors.py      turns jsonargparse's errors into one line
    class_names.py        the names of models, data modules and experiments that a user may type
    study_check.py        checks the configurations of a study before any of them runs
    study_baselines.py    scores real images against real ones after a study
    translate_options.py  translates by direction, class or attributes, as the user requests
    painters.py           the two methods of style transfer
    image_files.py        reads and writes image files of any size
    sheet.py              images with a caption under each, on one page
    progress_bar.py       a progress bar in a terminal
    foreign_parts.py      explains errors of parts that do not come with gan_zoo
    lasting_output.py     an output whose errors do not end a training
"""
