"""What one does with a trained generator: functions from a model to images.

latents.py       walks between latents, and sums of them
styles.py        truncation from the mean image outwards, and styles mixed between images
directions.py    SeFa and GANSpace: directions that change images
projection.py    the styles and the noise that make a given image
artefacts.py     droplets in maps, and details that stay in place
path_length.py   how smoothly images change between two latents
translator.py    translates images of any size by one direction or label
"""
