"""A third party's plugin, as small as it can be: what the tests of the core run on."""

from ferbench import Entry, hookimpl


@hookimpl
def register_datasets():
    return [
        Entry(
            "toy",
            "ferbench_toy_parts:ToyData",
            "stripes of seven widths",
            licence="public domain",
            generated=True,
            manifest="ferbench_toy_parts:toy.csv",
        )
    ]


@hookimpl
def register_detectors():
    return [
        Entry("toy-detector", "ferbench_toy_parts:ToyDetector", "finds the middle, except in dark images"),
        Entry("toy-weighted", "ferbench_toy_parts:ToyWeighted", "needs weights that nobody has"),
        Entry("toy-unloadable", "ferbench_toy_parts:Nowhere", "cannot be loaded"),
    ]


@hookimpl
def register_scenes():
    return [
        Entry("toy-scenes", "ferbench_toy_parts:ToyScenes", "blank pictures with the same face", generated=True),
        Entry("toy-files", "ferbench_toy_parts:ToyFiles", "the same, but they want a path"),
    ]


@hookimpl
def register_embedders():
    return [Entry("toy-embedder", "ferbench_toy_parts:ToyEmbedder", "row means, 'trained' by counting epochs")]


@hookimpl
def register_pipelines():
    return [Entry("toy-pipeline", "ferbench_toy_parts:toy.toml", "the toy parts and an SVM")]


@hookimpl
def register_tables():
    return [Entry("toy-1", "ferbench_toy_parts:toy-1.toml", "four rows, two trainings")]
