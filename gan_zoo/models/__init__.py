"""One paper, one file. Models do not import each other; what two share lies in the rooms beside this one."""
