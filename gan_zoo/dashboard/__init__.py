"""The dashboard: the pages of the report with what runs write at this moment, for whoever opens an address.

playground.py   asks for pictures of a run     player.py       the process that makes them; it alone loads torch
scenes.py       the kinds of pictures          controls.py     what a person can set for a picture
messages.py     between the two processes      stamps.py       whether a run has written new weights
playing.py      the addresses of pictures
"""
