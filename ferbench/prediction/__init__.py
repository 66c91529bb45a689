"""A trained model put to use: on pictures, videos, a camera, as ONNX."""
