"""Ready models from ONNX files for ferbench. Importing this module imports no runtime."""

from ferbench import Entry, hookimpl


@hookimpl
def register_embedders() -> list[Entry]:
    return [
        Entry(
            "onnx",
            "ferbench_onnx.model:OnnxModel",
            "a ready model from a local ONNX file: its output is the embedding, or the class scores; not trained",
            licence="the file's own",
            homepage="https://onnxruntime.ai",
        )
    ]
