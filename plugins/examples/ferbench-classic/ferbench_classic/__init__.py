"""Features from before networks, by scikit-image. Importing this module imports neither it nor numpy."""

from ferbench import Entry, hookimpl


@hookimpl
def register_embedders() -> list[Entry]:
    return [
        Entry(
            "hog",
            "ferbench_classic.hog:Hog",
            "histograms of oriented gradients; not trained",
            paper="Dalal and Triggs, Histograms of Oriented Gradients for Human Detection, CVPR 2005",
            licence="BSD-3-Clause (scikit-image)",
        ),
        Entry(
            "lbp",
            "ferbench_classic.lbp:Lbp",
            "histograms of uniform local binary patterns on a grid; not trained",
            paper="Ojala et al., PAMI 2002; Shan et al., Facial expression recognition based on Local Binary Patterns, "
            "Image and Vision Computing 2009",
            licence="BSD-3-Clause (scikit-image)",
        ),
    ]
