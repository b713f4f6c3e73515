"""Studies: a grid of runs that one YAML file describes, run on this machine and then compared.

    reading.py    reads the YAML file and refuses mistakes with a message of one line
    search.py     the ranges that settings of trials are drawn from
    median.py     stops trials that are worse than the median of their method's
    expand.py     a study -> its cells, each with a name, a complete configuration and its hash
    board.py      keeps the state of the cells in runs/<study>/study.json
    scheduler.py  starts cells, tries failed ones again, stops them; and what an engine must offer
    local.py      the engine `local`: processes, each with its share of the machine
    screen.py     shows the state of the cells on the screen

The process of the study loads no torch, which would take a second, and memory that the runs need.
"""
