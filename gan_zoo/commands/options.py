"""The options of each command. A command imports what it needs only when it runs, so that `--help` answers at once.

Each function takes what the user typed after the command, runs the command, and returns its exit code. It raises
`Mistake` if the options are wrong, or if the command does.
"""

from pathlib import Path

from gan_zoo.commands.parser import Parser, allow_modules
from gan_zoo.errors import Mistake


def fit(arguments: list[str]) -> int:
    """Train one run. Its options come from the signatures of the model, the data and the Trainer."""
    from gan_zoo.commands.fit import fit

    return fit(arguments)


def study(arguments: list[str]) -> int:
    """Train a grid of runs and report on them."""
    parser = Parser("study", "Train the runs of a grid that are not finished, then write a report on all of them.")
    option = parser.add_argument
    option("study", help="name of a study in experiments/studies, or a YAML file")
    option("--engine", default="local", help="what runs the cells: local, or package.module:callable (default local)")
    option("--dry-run", action="store_true", help="only list the cells and what would be done with each")
    option("--runs", default="runs", help="folder in which the study's folder lies (default runs)")
    option("--only", nargs="+", metavar="CELL", help="run only these cells")
    options = parser.parse(arguments)
    from gan_zoo.commands.study import study

    return study(options.study, options.engine, options.dry_run, options.runs, options.only)


def sample(arguments: list[str]) -> int:
    """Write generated images."""
    parser = Parser("sample", "Write generated images: one grid, or a PNG file for each image.")
    option = parser.add_argument
    option("run", help="directory of a run, a .safetensors or .ckpt file, or mnist-wgan-gp")
    option("--count", type=int, default=64, help="number of images (default 64)")
    option("--seed", type=int, default=0, help="seed of the latents (default 0)")
    option("--first", type=int, default=0, help="index of the first image (default 0)")
    option("--out", required=True, help="x.png for one grid, or a folder for a PNG of each image")
    option("--label", type=int, help="class of all images, for models of classes (default: random classes)")
    option("--raw", action="store_true", help="use the last weights instead of their moving average")
    option("--truncation", type=float, default=1.0, help="truncation of the latents, for models that have it (1: none)")
    option("--batch-norm", choices=("eval", "train"), default="eval", help="use running or batch statistics")
    allow_modules(parser)
    options = parser.parse(arguments)
    from gan_zoo.commands.sample import sample
    from gan_zoo.metrics.fakes import Sampling

    label = "uniform" if options.label is None else options.label
    sampling = Sampling(options.seed, not options.raw, options.truncation, options.batch_norm, label)
    return sample(options.run, options.count, options.first, options.out, sampling, tuple(options.allow_modules))


def latent(arguments: list[str]) -> int:
    """Run one of the commands `gan-zoo latent ...`."""
    from gan_zoo.commands.latent import run

    return run(arguments)


def evaluate(arguments: list[str]) -> int:
    """Score runs or a folder of images."""
    from gan_zoo.commands.evaluate import options

    parser = Parser("evaluate", "Score runs, or somebody else's images, and print and record the scores.")
    options.add(parser)
    order = options.order(parser.parse(arguments))
    from gan_zoo.commands.evaluate.command import evaluate

    return evaluate(order)


def stylize(arguments: list[str]) -> int:
    """Paint photographs in the style of other pictures."""
    parser = Parser("stylize", "Paint photographs in the style of other pictures.")
    option = parser.add_argument
    option("--content", nargs="+", required=True, help="images, or folders of them such as the frames of a video")
    option(
        "--style",
        nargs="+",
        required=True,
        help="images in whose style to paint; each content image is painted in each style (see --weights)",
    )
    option(
        "--out",
        required=True,
        help="an image, or a folder; in a folder, a result has the name of its content image, and if there are several "
        "styles, photo_in_style.jpg",
    )
    option("--method", choices=["gatys", "adain"], default="gatys", help="optimise pixels, or use a trained network")
    option("--run", help="directory of a trained run (adain)")
    option("--network", choices=["vgg16", "vgg19"], help="network whose features are matched (gatys; default vgg19)")
    option("--vgg-weights", help="file with the weights of the VGG network (default: torchvision's, downloaded)")
    option("--size", type=int, default=512, help="shorter side of the result; 0: the content's own (default 512)")
    option(
        "--style-size",
        type=int,
        help="shorter side at which styles are read; 0: their own (default: adain 512, gatys the result's)",
    )
    option("--weights", type=float, nargs="+", default=[], help="mix all styles, with these weights (adain)")
    option("--masks", nargs="+", default=[], help="mix all styles: an image for each, white where it applies (adain)")
    option("--strength", type=float, help="strength of the style, from 0 (content) to 1 (adain; default 1)")
    option("--keep-colour", action="store_true", help="keep the colours of the content")
    option("--style-weight", type=float, help="weight of the style loss (gatys; default 100)")
    option("--evaluations", type=int, help="number of evaluations of the loss (gatys; default 500)")
    option("--scores", action="store_true", help="print the distances from style and content")
    option("--memory", type=float, metavar="GB", help="gigabytes of memory to use at most (default: what is free)")
    allow_modules(parser)
    values = vars(parser.parse(arguments))
    from gan_zoo.commands.painters import Options
    from gan_zoo.commands.stylize import stylize

    content, style, out = (values.pop(name) for name in ("content", "style", "out"))
    lists = {name: tuple(values.pop(name)) for name in ("weights", "masks", "allow_modules")}
    return stylize(content, style, out, Options(**lists, **values))


def translate(arguments: list[str]) -> int:
    """Translate images with trained runs."""
    parser = Parser("translate", "Translate images with a trained run, or compare several runs on one sheet.")
    option = parser.add_argument
    option("runs", nargs="+", help="directories of runs; several runs give a sheet with a column for each")
    option("--images", nargs="+", required=True, help="images, or folders of them")
    option("--out", required=True, help="an image, or a folder for a file of each image; a sheet is one image")
    option("--to", default="", help="attributes to give: Black_Hair,not_Male (StarGAN; default: a sheet of all)")
    option("--domain", default="", help="class to translate to, such as angry (StarGAN; default: a sheet of all)")
    option("--direction", default="", help="a2b or b2a (default: the first direction that the run was trained for)")
    option("--grid", action="store_true", help="write a sheet with a row for each image, before and after")
    option(
        "--size",
        type=int,
        default=0,
        help="shorter side of the images in pixels (default: their own; beyond 2 million pixels an image is "
        "translated in tiles that share averaged statistics, so the result is close to that of the whole image but "
        "not equal)",
    )
    option("--memory", type=float, metavar="GB", help="gigabytes of memory to use at most (default: what is free)")
    option("--seed", type=int, default=0, help="seed of the model's random draws (pix2pix; default 0)")
    allow_modules(parser)
    options = parser.parse(arguments)
    from gan_zoo.commands.translate import translate
    from gan_zoo.commands.translate_options import Request

    to = tuple(name.strip() for name in options.to.split(",") if name.strip())
    request = Request(to, options.domain, options.direction, options.seed, tuple(options.allow_modules))
    return translate(options.runs, options.images, options.out, request, options.size, options.grid, options.memory)


def report(arguments: list[str]) -> int:
    """Write a page that ranks and plots runs."""
    parser = Parser("report", "Write one page that ranks runs and plots their scores and images.")
    option = parser.add_argument
    option("runs", nargs="+", help="directories of runs, or folders of them such as a study's")
    option("--out", help="the page to write, with its tables beside it (default: report.html in the folder of runs)")
    option("--score", default="", help="score to show first (default: the score that most runs have)")
    option("--by", nargs="+", default=[], metavar="SETTING", help="settings to group runs by: model.width, method")
    option("--paired", action="store_true", help="compare methods seed by seed, not by the means of their own seeds")
    option("--figures", metavar="DIR", help="folder to write every plot and table to, as SVG, PDF, CSV and TeX")
    option(
        "--columns", nargs="+", default=[], metavar="COLUMN", help="columns of the tables in LaTeX: method mean seeds"
    )
    option("--into", metavar="PAGE", help="instead, write the tables of a folder's results.csv into this marked page")
    options = parser.parse(arguments)
    from gan_zoo.report import build, fill, place

    paths = [Path(path) for path in options.runs]
    if options.into:
        fill(Path(options.into), paths)
        print(f"The results are in {options.into}")
        return 0
    out = Path(options.out) if options.out else place(paths)
    out = out / "report.html" if out.is_dir() else out
    figures = Path(options.figures) if options.figures else None
    print(build(paths, out, options.score, options.by, figures, options.paired, options.columns))
    print(f"The report is {out}")
    return 0


def dashboard(arguments: list[str]) -> int:
    """Show runs in a browser while they train."""
    parser = Parser("dashboard", "Serve pages that show the runs of a folder while they train. Nothing is changed.")
    option = parser.add_argument
    option("runs", nargs="?", default="runs", help="folder of runs (default runs)")
    option("--port", type=int, default=8787, help="port of the server; 0: any that is free (default 8787)")
    option("--host", default="127.0.0.1", help="address to listen at (default 127.0.0.1: this machine alone)")
    option("--token", default="", help="word that the address must hold (default: a random one if --host is open)")
    allow_modules(parser)
    options = parser.parse(arguments)
    from gan_zoo.dashboard.server import serve

    return serve(Path(options.runs), options.port, options.host, options.token, tuple(options.allow_modules))


def data(arguments: list[str]) -> int:
    """Run one of the commands `gan-zoo data ...`."""
    from gan_zoo.commands.data import run

    return run(arguments)


def status(arguments: list[str]) -> int:
    """List the runs in a folder."""
    parser = Parser("status", "List the runs in a folder with their state, step, speed, score and size.")
    parser.add_argument("runs", nargs="?", default="runs", help="folder of runs (default runs)")
    options = parser.parse(arguments)
    from gan_zoo.commands.runs import print_table

    print_table(options.runs)
    return 0


def runs(arguments: list[str]) -> int:
    """Remove runs."""
    parser = Parser("runs", "Remove the files of runs. Files that no run has written stay.")
    option = parser.add_argument
    option("action", choices=["rm"], help="rm: remove the files of runs")
    option("runs", nargs="*", metavar="RUN", help="directories of runs to remove, in whatever state they are")
    option(
        "--failed",
        nargs="?",
        const="runs",
        metavar="FOLDER",
        help="remove the runs in FOLDER (default runs) that failed and have no checkpoint to resume from",
    )
    option("--yes", action="store_true", help="do not ask for confirmation")
    options = parser.parse(arguments)
    from gan_zoo.commands.runs import failed_runs, named_runs, remove

    if bool(options.runs) == bool(options.failed):
        raise Mistake("the following arguments are required: --failed, or the runs to remove, and not both.")
    if options.failed:
        return remove(failed_runs(Path(options.failed)), "failed runs", options.yes)
    return remove(named_runs(options.runs), "runs", options.yes)
