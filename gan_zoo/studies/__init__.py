"""Studies: a grid of runs from one YAML, run on this machine, then compared.

    reading.py    the YAML and what it may hold; a mistake is refused in one line
    expand.py     a study -> its cells, each with a name, a whole configuration and the hash of it
    board.py      the state of the cells, in runs/<study>/study.json
    scheduler.py  starts cells, tries failed ones again, stops them; and what an engine must offer
    local.py      the engine `local`: processes, each with its share of the machine
    screen.py     the state of the cells, on the screen

The study's own process loads no torch: loading takes a second, and the runs need the memory.
"""
