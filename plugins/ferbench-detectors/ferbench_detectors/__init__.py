"""Face detectors for ferbench. Importing this module imports no detector: the targets are lazy."""

from __future__ import annotations

from ferbench import Entry, hookimpl


@hookimpl
def register_detectors() -> list[Entry]:
    """The detectors of this distribution."""
    retinaface = "Deng et al., RetinaFace: Single-Shot Multi-Level Face Localisation in the Wild, CVPR 2020"
    return [
        Entry(
            "retinaface",
            "ferbench_detectors.retinaface:RetinaFace",
            "RetinaFace with a ResNet-50 backbone (retinaface-pytorch): large and slow, five landmarks; 97 MB",
            paper=retinaface,
            licence="MIT (code and weights), trained on WIDER FACE",
            homepage="https://github.com/ternaus/retinaface",
        ),
        Entry(
            "retinaface-mobilenet",
            "ferbench_detectors.retinaface_mobilenet:RetinaFaceMobileNet",
            "RetinaFace with a MobileNet-0.25 backbone, run by OpenCV: small and quick, five landmarks; 1.7 MB",
            paper=retinaface,
            licence="MIT (code and weights), trained on WIDER FACE",
            homepage="https://github.com/clibdev/Pytorch_Retinaface",
        ),
        Entry(
            "haar",
            "ferbench_detectors.haar:Haar",
            "OpenCV's cascade for frontal faces: needs no weights, misses turned and tilted faces",
            paper="Viola and Jones, Rapid Object Detection using a Boosted Cascade of Simple Features, CVPR 2001; "
            "Lienhart and Maydt, An Extended Set of Haar-like Features, ICIP 2002",
            licence="Intel License Agreement For Open Source Computer Vision Library (BSD-style)",
            homepage="https://docs.opencv.org/4.x/db/d28/tutorial_cascade_classifier.html",
        ),
        Entry(
            "whole-image",
            "ferbench_detectors.whole_image:WholeImage",
            "Detects nothing: the whole image is the face, for images that are face crops already",
            licence="Apache-2.0",
        ),
    ]
