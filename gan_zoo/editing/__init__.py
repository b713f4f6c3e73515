"""What one does with the latents of a trained generator: functions from a model to images.

styles.py   StyleGAN's: truncation from the mean image outwards, and styles mixed between images
"""
