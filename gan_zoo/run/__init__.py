"""The directory of a run: the only thing that commands, studies and reports share.

    directory.py      where each file of a run lies, its record, its lock, one table row for each run
    files.py          writing that a kill at any moment leaves whole; reading of half-written files; locks
    config.py         the configuration as plain values: read, collected from objects, compared
    environment.py    versions, git commit, host

Nothing here loads torch.
"""

from gan_zoo.run.directory import Run as Run
from gan_zoo.run.directory import runs as runs
