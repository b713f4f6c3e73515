"""The commands of `gan-zoo`, one file each, imported when the command runs. `gan_zoo/cli.py` reads their options.

    fit.py          one training run                      study.py        a grid of runs, then the report
    sample.py       images from a trained generator       evaluate/       scores of runs and of folders of images
    translate.py    images through a translation model    stylize.py      style transfer
    data/           data sets: list, check, show ...      runs.py         removes failed runs

What they share:

    parser.py             the argument parser and the list of commands
    parser_errors.py      jsonargparse's errors, as one line in our words
    class_names.py        the names of models, data modules and experiments that a user may type
    study_check.py        tries each configuration of a study before any of them runs
    translate_options.py  the direction, class or attributes that `translate` is given
    image_files.py        image files in and out, of any size
    sheet.py              images with a caption under each, on one page
    progress_bar.py       a progress bar in a terminal
"""
