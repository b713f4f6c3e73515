"""One file per paper. Models do not import each other; the code that two of them share is in the other folders."""
