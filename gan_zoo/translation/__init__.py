"""What image-to-image models share. The command `gan-zoo translate` is in gan_zoo/commands/translate.py.

routes.py    the directions in which a model translates, which scores and commands loop over
labels.py    the names of the labels of one or more data sets, and how to change a label by name
"""

from gan_zoo.translation.routes import Route as Route
