"""The command `gan-zoo`. A subcommand imports what it needs when it runs, so that `--help` answers at once."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from gan_zoo.commands.parser import Parser, allow_modules, overview
from gan_zoo.errors import Mistake, RunFailed
from gan_zoo.lookup import closest

COMMANDS = {
    "fit": "train one run, or go on with it: gan-zoo fit -c mnist/wgan_gp --run runs/x",
    "study": "a grid of runs, then the report: gan-zoo study mnist_objectives; a second call does what is left",
    "sample": "write generated images: gan-zoo sample runs/x --count 64 --out x.png",
    "latent": "what latents do: gan-zoo latent mix runs/x --out x.png; gan-zoo latent --help lists what else",
    "evaluate": "score runs again, or a folder of images: gan-zoo evaluate runs/* --metrics fd kid prdc",
    "stylize": "paint photographs as a picture: gan-zoo stylize --content a.jpg --style b.jpg --out c.png",
    "translate": "images through a run that translates: gan-zoo translate runs/x --images a.jpg --out b.png",
    "report": "one page that ranks runs and draws them: gan-zoo report runs/ --out report.html",
    "data": "sets of images: gan-zoo data prepare -c celeba/dcgan; gan-zoo data --help lists what else",
    "status": "list runs with state, step, speed, disk: gan-zoo status runs/",
    "runs": "remove runs that failed, or those named: gan-zoo runs rm --failed runs/",
}


def main(argv: list[str] | None = None) -> None:
    """Run `gan-zoo` with `argv` (None: the process's own arguments), and exit.

    Exit codes: 0; 1 where a run failed; 2 where the user made a mistake, which is said in one line; 130 after Ctrl-C;
    141, as a shell has it, where nobody reads on: `gan-zoo status | head -1`.
    """
    if argv is None:
        keep_from_working_directory()
    arguments = sys.argv[1:] if argv is None else argv
    try:
        code = run(arguments)
        sys.stdout.flush()
    except Mistake as mistake:
        code = say(str(mistake), 2)
    except RunFailed as error:
        code = say(str(error), 1)
    except KeyboardInterrupt:
        code = say("Stopped.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain as it ends
        code = 141
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of one command.

    Raises:
        Mistake: no such command, or the command's own.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(overview("gan-zoo", COMMANDS))
        return 0
    if arguments[0] == "--version":
        from gan_zoo import __version__

        print(f"gan-zoo {__version__}")
        return 0
    name, rest = arguments[0], arguments[1:]
    if name not in COMMANDS:
        near = closest(name, [*COMMANDS, "--help", "--version"])
        raise Mistake(f"No command is called {name}{near}: there are {', '.join(COMMANDS)}.")
    commands: dict[str, Callable[[list[str]], int]] = {
        "fit": fit,
        "study": study,
        "sample": sample,
        "latent": latent,
        "evaluate": evaluate,
        "stylize": stylize,
        "translate": translate,
        "report": report,
        "data": data,
        "status": status,
        "runs": runs,
    }
    return commands[name](rest)


def keep_from_working_directory() -> None:
    """Let the processes that this one starts import nothing from the working directory, unless this one does itself.

    Python puts it first on the path of `python -m` and of the processes of `multiprocessing`: a file `torchvision.py`
    that lies there would run in them.
    """
    if sys.flags.safe_path or sys.path[0] not in ("", os.getcwd()):
        os.environ["PYTHONSAFEPATH"] = "1"


def say(message: str, code: int) -> int:
    """Print one line on standard error; returns `code`."""
    print(f"gan-zoo: {' '.join(message.split())}", file=sys.stderr)
    return code


def fit(arguments: list[str]) -> int:
    from gan_zoo.commands.fit import fit

    return fit(arguments)


def study(arguments: list[str]) -> int:
    parser = Parser("study", COMMANDS["study"])
    parser.add_argument("study", help="name of a study in experiments/studies, or a YAML file")
    parser.add_argument("--engine", default="local", help="local, or package.module:callable (default local)")
    parser.add_argument("--dry-run", action="store_true", help="list the cells and what is to be done, and do nothing")
    parser.add_argument("--runs", default="runs", help="folder that the study's folder lies in (default runs)")
    parser.add_argument("--only", nargs="+", metavar="CELL", help="run these cells alone")
    options = parser.parse(arguments)
    from gan_zoo.commands.study import study

    return study(options.study, options.engine, options.dry_run, options.runs, options.only)


def sample(arguments: list[str]) -> int:
    parser = Parser("sample", COMMANDS["sample"])
    parser.add_argument("run", help="a run's directory, a .safetensors or .ckpt file, or mnist-wgan-gp")
    parser.add_argument("--count", type=int, default=64, help="images (default 64)")
    parser.add_argument("--seed", type=int, default=0, help="of the latents (default 0)")
    parser.add_argument("--first", type=int, default=0, help="index of the first image (default 0)")
    parser.add_argument("--out", required=True, help="one grid (x.png), or a folder that gets a PNG for each image")
    parser.add_argument("--label", type=int, help="class of all images, of models that know classes")
    parser.add_argument(
        "--raw", action="store_true", help="the last weights, where a moving average is kept beside them"
    )
    parser.add_argument("--truncation", type=float, default=1.0, help="of the latents, for models that can (1: none)")
    parser.add_argument(
        "--batch-norm", choices=("eval", "train"), default="eval", help="running statistics, or the batch's"
    )
    allow_modules(parser)
    options = parser.parse(arguments)
    from gan_zoo.commands.sample import sample
    from gan_zoo.metrics.fakes import Sampling

    label = "uniform" if options.label is None else options.label
    sampling = Sampling(options.seed, not options.raw, options.truncation, options.batch_norm, label)
    return sample(options.run, options.count, options.first, options.out, sampling, tuple(options.allow_modules))


def latent(arguments: list[str]) -> int:
    from gan_zoo.commands.latent import run

    return run(arguments)


def evaluate(arguments: list[str]) -> int:
    from gan_zoo.commands.evaluate import options

    parser = Parser("evaluate", COMMANDS["evaluate"])
    options.add(parser)
    asked = options.order(parser.parse(arguments))
    from gan_zoo.commands.evaluate.command import evaluate

    return evaluate(asked)


def stylize(arguments: list[str]) -> int:
    parser = Parser("stylize", COMMANDS["stylize"])
    parser.add_argument("--content", nargs="+", required=True, help="images, or folders such as a video's frames")
    parser.add_argument(
        "--style", nargs="+", required=True, help="images to paint like: every content in every one (see --weights)"
    )
    parser.add_argument(
        "--out",
        required=True,
        help="an image, or a folder: each result has its content's name, with several styles photo_in_style.jpg",
    )
    parser.add_argument("--method", choices=["gatys", "adain"], default="gatys", help="pixels, or a trained network")
    parser.add_argument("--run", help="directory of a trained run (adain)")
    parser.add_argument("--network", choices=["vgg16", "vgg19"], help="(gatys; default vgg19)")
    parser.add_argument("--vgg-weights", help="file of the network's weights (default: torchvision's, downloaded)")
    parser.add_argument(
        "--size", type=int, default=512, help="shorter side of the result; 0: the content's own (default 512)"
    )
    parser.add_argument(
        "--style-size",
        type=int,
        help="shorter side that styles are seen at; 0: their own (default: adain 512, gatys the result's)",
    )
    parser.add_argument(
        "--weights", type=float, nargs="+", default=[], help="mix the styles in one result, by these shares (adain)"
    )
    parser.add_argument(
        "--masks", nargs="+", default=[], help="mix the styles in one result: images, white where each is to be (adain)"
    )
    parser.add_argument("--strength", type=float, help="0: the content, 1: the style (adain; default 1)")
    parser.add_argument("--keep-colour", action="store_true", help="the content's colours")
    parser.add_argument("--style-weight", type=float, help="of the style's loss (gatys; default 100)")
    parser.add_argument("--evaluations", type=int, help="of the loss (gatys; default 500)")
    parser.add_argument("--scores", action="store_true", help="print distances from style and content")
    parser.add_argument("--memory", type=float, metavar="GB", help="that it may take (default: what is free)")
    allow_modules(parser)
    given = vars(parser.parse(arguments))
    from gan_zoo.commands.stylize import Options, stylize

    content, style, out = (given.pop(name) for name in ("content", "style", "out"))
    lists = {name: tuple(given.pop(name)) for name in ("weights", "masks", "allow_modules")}
    return stylize(content, style, out, Options(**lists, **given))


def translate(arguments: list[str]) -> int:
    parser = Parser("translate", COMMANDS["translate"])
    parser.add_argument("runs", nargs="+", help="directories of runs; of several, a sheet with a column each")
    parser.add_argument("--images", nargs="+", required=True, help="images, or folders of them")
    parser.add_argument("--out", required=True, help="an image, or a folder that gets one for each; a sheet is one")
    parser.add_argument("--to", default="", help="attributes to have: Black_Hair,not_Male (StarGAN; default: a sheet)")
    parser.add_argument("--domain", default="", help="the class to be of: angry (StarGAN; default: a sheet of all)")
    parser.add_argument("--direction", default="", help="a2b or b2a (default: the first that the run was trained for)")
    parser.add_argument("--grid", action="store_true", help="a sheet: an image a row, before and after")
    parser.add_argument(
        "--size",
        type=int,
        default=0,
        help="shorter side of the images (default: their own; beyond 2 million pixels an image is translated in tiles "
        "that share averaged statistics, and the result is close to that of the whole image, not equal to it)",
    )
    parser.add_argument("--memory", type=float, metavar="GB", help="that it may take (default: what is free)")
    parser.add_argument("--seed", type=int, default=0, help="of what the model draws (pix2pix; default 0)")
    allow_modules(parser)
    options = parser.parse(arguments)
    from gan_zoo.commands.translate import translate
    from gan_zoo.commands.translate_options import Asked

    to = tuple(name.strip() for name in options.to.split(",") if name.strip())
    asked = Asked(to, options.domain, options.direction, options.seed, tuple(options.allow_modules))
    return translate(options.runs, options.images, options.out, asked, options.size, options.grid, options.memory)


def report(arguments: list[str]) -> int:
    parser = Parser("report", COMMANDS["report"])
    parser.add_argument("runs", nargs="+", help="runs' directories, or folders of them such as a study's")
    parser.add_argument("--out", help="the page; its tables go beside it (default: report.html in the one folder)")
    parser.add_argument("--score", default="", help="the score to begin with (default: the one that most runs have)")
    parser.add_argument(
        "--by", nargs="+", default=[], metavar="SETTING", help="group runs by these: model.width, method"
    )
    parser.add_argument("--figures", metavar="DIR", help="write every plot and table there: SVG, PDF, CSV, TeX")
    parser.add_argument(
        "--into", metavar="PAGE", help="of a folder of results.csv, write the tables into a page's marks"
    )
    options = parser.parse(arguments)
    from gan_zoo.report import build, fill, place

    paths = [Path(one) for one in options.runs]
    if options.into:
        fill(Path(options.into), paths)
        print(f"The results are in {options.into}")
        return 0
    out = Path(options.out) if options.out else place(paths)
    out = out / "report.html" if out.is_dir() else out
    print(build(paths, out, options.score, options.by, Path(options.figures) if options.figures else None))
    print(f"The report is {out}")
    return 0


def data(arguments: list[str]) -> int:
    from gan_zoo.commands.data import run

    return run(arguments)


def status(arguments: list[str]) -> int:
    parser = Parser("status", COMMANDS["status"])
    parser.add_argument("runs", nargs="?", default="runs", help="a folder of runs (default runs)")
    options = parser.parse(arguments)
    from gan_zoo.run.directory import runs
    from gan_zoo.run.files import disk, size

    rows = runs(options.runs)
    if not rows:
        raise Mistake(f"There is no run in {options.runs}: `gan-zoo fit` makes one.")
    print(f"{'run':<40} {'status':<12} {'step':>8} {'images/s':>9} {'score':>24} {'disk':>9} heartbeat")
    for row in rows:
        score = f"{row['metric']} {row['value']:.4g}" if row["value"] is not None else "-"
        speed = f"{row['images_per_second']:.0f}" if row.get("images_per_second") else "-"
        beat = row.get("heartbeat", "-")
        used = size(disk(Path(row["run"])))
        print(f"{row['run']:<40} {row['status']:<12} {row['step']:>8} {speed:>9} {score:>24} {used:>9} {beat}")
    return 0


def runs(arguments: list[str]) -> int:
    parser = Parser("runs", COMMANDS["runs"])
    parser.add_argument("action", choices=["rm"], help="rm: remove the files of runs")
    parser.add_argument("runs", nargs="*", metavar="RUN", help="directories of runs, whatever became of them")
    parser.add_argument(
        "--failed",
        nargs="?",
        const="runs",
        metavar="FOLDER",
        help="the runs in FOLDER (default runs) that failed and left no checkpoint to go on from",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse(arguments)
    from gan_zoo.commands.runs import failed_runs, named_runs, remove

    if bool(options.runs) == bool(options.failed):
        raise Mistake("the following arguments are required: --failed, or the runs to remove, and not both.")
    if options.failed:
        return remove(failed_runs(Path(options.failed)), "failed runs", options.yes)
    return remove(named_runs(options.runs), "runs", options.yes)
