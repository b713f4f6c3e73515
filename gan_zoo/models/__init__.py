"""The models, one file for each paper. Models do not import each other; what they share lies in other folders."""
