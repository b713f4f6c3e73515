"""`gan-zoo data`: what sets there are, whether their files are whole, what they look like. Loads nothing by itself."""
