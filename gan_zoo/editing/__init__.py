"""What one does with the latents of a trained generator: functions from a model to images.

styles.py        truncation from the mean image outwards, and styles mixed between images
directions.py    SeFa and GANSpace: directions that change images
projection.py    the styles and the noise that make a given image
artefacts.py     droplets in maps, and details that stay in place
path_length.py   how smoothly images change between two latents
"""
