"""Studies: a grid of runs from one YAML, scheduled on this machine, then compared.

    reading.py      the YAML: what it may hold, refused in one line where it is wrong
    expand.py       a study -> its cells, each with a name, a whole configuration and that one's hash
    board.py        where the cells stand, in runs/<study>/study.json and on the screen
    checking.py     fit's own parser on a few of the cells, in a process of its own, before anything starts
    local.py        the engine: a pool of processes, each with its share of the machine
    command.py      `gan-zoo study`

No torch is loaded in the study's own process: it takes a second, and the runs need the memory.
"""
