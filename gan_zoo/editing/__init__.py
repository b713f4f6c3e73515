"""What one does with a trained generator: functions from a model to images.

latents.py      walks between latents, and sums of them
styles.py       StyleGAN's: truncation from the mean image outwards, and styles mixed between images
translator.py   translates images of any size by one direction or label
"""
