"""The command `gan-zoo`. A subcommand imports what it needs when it runs, so that `--help` answers at once."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from gan_zoo.errors import Mistake, RunFailed
from gan_zoo.naming import closest

COMMANDS = {
    "fit": "train one run, or go on with it: gan-zoo fit -c mnist/wgan_gp --run runs/x",
    "study": "a grid of runs, then the report: gan-zoo study mnist_objectives; a second call does what is left",
    "sample": "write generated images: gan-zoo sample runs/x --count 64 --out x.png",
    "evaluate": "score runs again, or a folder of images: gan-zoo evaluate runs/* --metrics fd kid prdc",
    "stylize": "paint photographs as a picture: gan-zoo stylize --content a.jpg --style b.jpg --out c.png",
    "report": "one page that ranks runs and draws them: gan-zoo report runs/ --out report.html",
    "data": "sets of images: gan-zoo data prepare -c celeba/dcgan; gan-zoo data --help lists what else",
    "status": "list runs with state, step, speed, disk: gan-zoo status runs/",
    "runs": "remove runs that failed: gan-zoo runs rm --failed runs/",
}

DATA = {
    "list": "the known sets, which are here, and how the others are had: gan-zoo data list celeba",
    "check": "look at every image for what stops a training: gan-zoo data check data/celeba",
    "show": "images and their labels as one PNG: gan-zoo data show -c mnist/wgan_gp --out digits.png",
    "prepare": "decode a set once, by all cores: gan-zoo data prepare -c celeba/dcgan --data.root FOLDER",
    "stats": "what scores read of the real images, ahead: gan-zoo data stats -c mnist/wgan_gp --extractor lenet",
}


def main(argv: list[str] | None = None) -> None:
    """Run `gan-zoo` with `argv` (None: the process's own arguments), and exit.

    Exit codes: 0; 1 where a run failed; 2 where the user made a mistake, which is said in one line; 130 after Ctrl-C.
    """
    arguments = sys.argv[1:] if argv is None else argv
    try:
        code = run(arguments)
    except Mistake as mistake:
        code = say(str(mistake), 2)
    except RunFailed as error:
        code = say(str(error), 1)
    except KeyboardInterrupt:
        code = say("Stopped.", 130)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of one command.

    Raises:
        Mistake: no such command, or the command's own.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(overview())
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
        "evaluate": evaluate,
        "stylize": stylize,
        "report": report,
        "data": data,
        "status": status,
        "runs": runs,
    }
    return commands[name](rest)


def overview(program: str = "gan-zoo", commands: dict[str, str] = COMMANDS) -> str:
    """What `gan-zoo --help` and `gan-zoo data --help` print."""
    rows = "\n".join(f"  {name:<10}{text}" for name, text in commands.items())
    return f"usage: {program} COMMAND ...\n\n{rows}\n\n`{program} COMMAND --help` explains each."


def say(message: str, code: int) -> int:
    """Print one line on standard error; returns `code`."""
    print(f"gan-zoo: {' '.join(message.split())}", file=sys.stderr)
    return code


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are ours, and which takes no abbreviations."""

    def __init__(self, command: str, commands: dict[str, str] = COMMANDS) -> None:
        name = command.rpartition(" ")[2]
        super().__init__(prog=f"gan-zoo {command}", description=commands[name], allow_abbrev=False)

    def error(self, message: str):
        raise Mistake(f"{message}: see {self.prog} --help.")

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        """Parse all of `arguments`; an unknown option names the closest right one."""
        known = [name for action in self._actions for name in action.option_strings]
        for option in (one.partition("=")[0] for one in arguments if one.startswith("--")):
            if option not in known:
                raise Mistake(f"{self.prog} has no option {option}{closest(option, known)}: see {self.prog} --help.")
        options, left = self.parse_known_args(arguments)
        if left:
            raise Mistake(f"{self.prog} does not know what {left[0]} is for: see {self.prog} --help.")
        return options


def fit(arguments: list[str]) -> int:
    from gan_zoo.fitting import fit

    return fit(arguments)


def study(arguments: list[str]) -> int:
    parser = Parser("study")
    parser.add_argument("study", help="name of a study in experiments/studies, or a YAML file")
    parser.add_argument("--engine", default="local", help="local, or package.module:callable (default local)")
    parser.add_argument("--dry-run", action="store_true", help="list the cells and what is to be done, and do nothing")
    parser.add_argument("--runs", default="runs", help="folder that the study's folder lies in (default runs)")
    parser.add_argument("--only", nargs="+", metavar="CELL", help="run these cells alone")
    options = parser.parse(arguments)
    from gan_zoo.studies.command import study

    return study(options.study, options.engine, options.dry_run, options.runs, options.only)


def sample(arguments: list[str]) -> int:
    parser = Parser("sample")
    parser.add_argument("run", help="a run's directory, or a .safetensors or .ckpt file")
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
    options = parser.parse(arguments)
    from gan_zoo.metrics.fakes import Sampling
    from gan_zoo.rescoring.sampling import sample

    label = "uniform" if options.label is None else options.label
    sampling = Sampling(options.seed, not options.raw, options.truncation, options.batch_norm, label)
    return sample(options.run, options.count, options.first, options.out, sampling)


def evaluate(arguments: list[str]) -> int:
    from gan_zoo.rescoring import options

    parser = Parser("evaluate")
    options.add(parser)
    asked = options.order(parser.parse(arguments))
    from gan_zoo.rescoring.command import evaluate

    return evaluate(asked)


def stylize(arguments: list[str]) -> int:
    parser = Parser("stylize")
    parser.add_argument("--content", nargs="+", required=True, help="images, or folders such as a video's frames")
    parser.add_argument("--style", nargs="+", required=True, help="images to paint like; several are mixed (adain)")
    parser.add_argument("--out", required=True, help="an image, or a folder that gets one for each content")
    parser.add_argument("--method", choices=["gatys", "adain"], default="gatys", help="pixels, or a trained network")
    parser.add_argument("--run", help="directory of a trained run (adain)")
    parser.add_argument("--network", choices=["vgg16", "vgg19"], default="vgg19", help="(gatys; default vgg19)")
    parser.add_argument("--vgg-weights", help="file of the network's weights (default: torchvision's, downloaded)")
    parser.add_argument("--size", type=int, default=0, help="shorter side of the result (default: the content's own)")
    parser.add_argument(
        "--style-size", type=int, default=512, help="shorter side that styles are seen at (default 512)"
    )
    parser.add_argument("--weights", type=float, nargs="+", default=[], help="of the styles where they are mixed")
    parser.add_argument("--masks", nargs="+", default=[], help="images, white where each style is to be")
    parser.add_argument("--strength", type=float, default=1.0, help="0: the content, 1: the style (adain; default 1)")
    parser.add_argument("--keep-colour", action="store_true", help="the content's colours")
    parser.add_argument("--style-weight", type=float, default=100.0, help="of the style's loss (gatys; default 100)")
    parser.add_argument("--evaluations", type=int, default=500, help="of the loss (gatys; default 500)")
    parser.add_argument("--scores", action="store_true", help="print distances from style and content")
    given = vars(parser.parse(arguments))
    from gan_zoo.stylizing import Options, stylize

    content, style, out = (given.pop(name) for name in ("content", "style", "out"))
    weights, masks = tuple(given.pop("weights")), tuple(given.pop("masks"))
    return stylize(content, style, out, Options(weights=weights, masks=masks, **given))


def report(arguments: list[str]) -> int:
    parser = Parser("report")
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
    if not arguments or arguments[0] in ("-h", "--help"):
        print(overview("gan-zoo data", DATA))
        return 0
    name, rest = arguments[0], arguments[1:]
    if name not in DATA:
        raise Mistake(f"No command is called data {name}{closest(name, DATA)}: there are {', '.join(DATA)}.")
    commands: dict[str, Callable[[list[str]], int]] = {
        "list": data_list,
        "check": data_check,
        "show": data_show,
        "prepare": data_prepare,
        "stats": data_stats,
    }
    return commands[name](rest)


def data_list(arguments: list[str]) -> int:
    parser = Parser("data list", DATA)
    parser.add_argument("name", nargs="?", default="", help="a set of which all is told (default: a line for each)")
    parser.add_argument("--folder", default="data", help="where sets are looked for (default data)")
    options = parser.parse(arguments)
    from gan_zoo.data.listing import command

    return command(options.name, Path(options.folder))


def data_check(arguments: list[str]) -> int:
    parser = Parser("data check", DATA)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="folders, zips or LMDBs of images")
    parser.add_argument("--labels", nargs="+", default=[], help="CSV files that name images (CelebA's are found)")
    parser.add_argument("--all", action="store_true", help="name every finding, not three of a kind")
    options = parser.parse(arguments)
    from gan_zoo.data.checking import command

    return command([Path(one) for one in options.paths], [Path(one) for one in options.labels], options.all)


def data_show(arguments: list[str]) -> int:
    from gan_zoo.data.showing import command

    return command(arguments)


def data_stats(arguments: list[str]) -> int:
    from gan_zoo.rescoring.stats import command

    return command(arguments)


def data_prepare(arguments: list[str]) -> int:
    from gan_zoo.data.preparing import command

    return command(arguments)


def status(arguments: list[str]) -> int:
    parser = Parser("status")
    parser.add_argument("runs", nargs="?", default="runs", help="a folder of runs (default runs)")
    options = parser.parse(arguments)
    from gan_zoo.files import disk, size
    from gan_zoo.run import runs

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
    parser = Parser("runs")
    parser.add_argument("action", choices=["rm"], help="rm: remove")
    parser.add_argument(
        "--failed", nargs="?", const="runs", required=True, metavar="FOLDER", help="those in FOLDER (runs) that failed"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse(arguments)
    from gan_zoo.removing import remove_failed

    return remove_failed(Path(options.failed), options.yes)
