"""Ready models from ONNX files for ferbench. Importing this module imports no runtime."""

from ferbench import Entry, hookimpl


@hookimpl
def register_embedders() -> list[Entry]:
    return [
        Entry(
            "onnx",
            "ferbench_onnx.model:OnnxModel",
            "a ready model from a local ONNX file: its output is the embedding, or a score a class; not trained",
            licence="the file's own",
            homepage="https://onnxruntime.ai",
        )
    ]


@hookimpl
def register_classifiers() -> list[Entry]:
    return [
        Entry(
            "onnx-scores",
            "ferbench_onnx.scores:onnx_scores",
            "takes what embedder 'onnx' gives for the model's own class scores: the highest is the prediction",
            stores=("ferbench_onnx.scores.OnnxScores",),
        )
    ]
