"""The directory of a run: the only thing that commands, studies and reports share.

    directory.py      the places of a run's files, its record, its lock, its row in a table of runs
    files.py          writing files so that a kill leaves them whole; reading .jsonl files; locks
    reading.py        reading JSON, YAML and text that may come from anywhere, within bounds
    schemas.py        what each of those files must hold
    config.py         the configuration as plain values: read, collected from objects, compared
    yaml_text.py      reads YAML of any origin, whose size is bounded before anything is built from it
    environment.py    versions, git commit, host
    layout.py         the names of all files that a run writes
    outputs.py        stops a command before its --out would replace what it must not
    marks.py          how files that we wrote are told from others

Nothing here loads torch.
"""

from gan_zoo.run.directory import Run as Run
from gan_zoo.run.directory import runs as runs
