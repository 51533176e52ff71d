"""Tables that are measured cell by cell. What is done is in a file, and is not done again."""
import itertools
import json
import os


def kept(path):
    if not path or not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)


def keep(path, cells):
    """A line for each cell."""
    if not path:
        return
    with open(path + ".new", "w") as file:
        file.write("{\n" + ",\n".join('"%s": %s' % (key, json.dumps(cells[key], separators=(",", ":"))) for key in cells) + "\n}\n")
    os.rename(path + ".new", path)


def fill(cells, path, axes, measure, row):
    """Measures what is missing. @param axes  lists with commas; a cell is a word of each, and its key those words
    @param measure  gets the words; @param row  gets key and cell: the line to print"""
    for words in itertools.product(*(axis.split(",") for axis in axes)):
        key = " ".join(words)
        if key in cells:
            continue
        cells[key] = measure(*words)
        print(row(key, cells[key]), flush=True)
        keep(path, cells)
