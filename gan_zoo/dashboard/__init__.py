"""The dashboard: the pages of the report with what runs write at this moment, for whoever opens an address.

    server.py       starts the server              safety.py       who may ask, and for what
    routes.py       every address that is served   pages.py        the pages
    watch.py        what has changed, for readers  rows.py         one run as a row of the list
    folders.py      finds runs that come and go    courses.py      the curves of the runs that are open
    follow.py       cursors over files that grow   thinning.py     as many lines as a screen can show

    playing.py      the addresses of pictures      playground.py   asks for pictures of a run
    player.py       the process that makes them; it alone loads torch
    scenes.py       the kinds of pictures          controls.py     what a person can set for a picture
    messages.py     between the two processes      stamps.py       whether a run has written new weights

    static/         scripts and style beside those of the report, which `report/template` holds

The server only reads. It loads no torch.
"""
