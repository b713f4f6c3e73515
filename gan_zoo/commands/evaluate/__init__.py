"""What is done with a run that was trained, or with other people's images: `gan-zoo sample` and `gan-zoo evaluate`."""
