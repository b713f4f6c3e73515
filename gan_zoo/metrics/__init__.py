"""Scores: features of images, and distances between the features of generated and of real ones."""
