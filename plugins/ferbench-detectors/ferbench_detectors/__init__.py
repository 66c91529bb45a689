"""Face detectors for ferbench. Importing this module imports no detector: the targets are lazy."""

from __future__ import annotations

from ferbench import Entry, hookimpl

SPEED = "{} ms per image of synthfaces-scenes on 2 cores (AMD EPYC, AVX2); all of them: leaderboards/detectors.md"


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
            good_at="small, turned and partly hidden faces in large photos, on a GPU. The paper's kind of detector",
            speed="the slowest here without a GPU: a second or more per image on two cores",
        ),
        Entry(
            "retinaface-mobilenet",
            "ferbench_detectors.retinaface_mobilenet:RetinaFaceMobileNet",
            "RetinaFace with a MobileNet-0.25 backbone, run by OpenCV: small and quick, five landmarks; 1.7 MB",
            paper=retinaface,
            licence="MIT (code and weights), trained on WIDER FACE",
            homepage="https://github.com/clibdev/Pytorch_Retinaface",
            good_at="faces of some 3% of the picture's longer side and more, turned and partly hidden ones too; "
            "boxes close around the face",
            speed=SPEED.format(18),
        ),
        Entry(
            "yunet",
            "ferbench_detectors.yunet:YuNet",
            "YuNet, run by OpenCV's FaceDetectorYN: very small and quick, five landmarks; 0.23 MB",
            paper="Wu, Peng and Yu, YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research 2023",
            licence="MIT (code and weights), trained on WIDER FACE",
            homepage="https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet",
            good_at="the first choice without a GPU: faces of 10 to 300 pixels, several in a picture; larger ones "
            "need a smaller max_size",
            speed=SPEED.format(8),
        ),
        Entry(
            "mediapipe",
            "ferbench_detectors.mediapipe:MediaPipe",
            "MediaPipe's BlazeFace (short range, Tasks API): the quickest; eyes, nose and the mouth's centre; 0.23 MB",
            paper="Bazarevsky et al., BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs, 2019",
            licence="Apache-2.0 (code and weights)",
            homepage="https://ai.google.dev/edge/mediapipe/solutions/vision/face_detector",
            good_at="one large face near the camera, in portraits, selfies and webcam videos; loses faces of less "
            "than about a tenth of the picture",
            speed=SPEED.format(3),
        ),
        Entry(
            "yolo-face",
            "ferbench_detectors.yolo_face:YoloFace",
            "YOLO5Face, its smallest network (yolov5n-0.5), run by ONNX Runtime: five landmarks; 1.8 MB",
            paper="Qi et al., YOLO5Face: Why Reinventing a Face Detector, ECCV Workshops 2022",
            licence="GPL-3.0 (code and weights; neither is shipped), trained on WIDER FACE",
            homepage="https://github.com/deepcam-cn/yolov5-face",
            good_at="several faces in a picture, small, turned and partly hidden ones too; check its licence",
            speed=SPEED.format(11),
        ),
        Entry(
            "haar",
            "ferbench_detectors.haar:Haar",
            "OpenCV's cascade for frontal faces: needs no weights, misses turned and tilted faces",
            paper="Viola and Jones, Rapid Object Detection using a Boosted Cascade of Simple Features, CVPR 2001; "
            "Lienhart and Maydt, An Extended Set of Haar-like Features, ICIP 2002",
            licence="Intel License Agreement For Open Source Computer Vision Library (BSD-style)",
            homepage="https://docs.opencv.org/4.x/db/d28/tutorial_cascade_classifier.html",
            good_at="upright frontal faces where weights cannot be downloaded; many false alarms in busy pictures",
            speed=SPEED.format(57),
        ),
        Entry(
            "whole-image",
            "ferbench_detectors.whole_image:WholeImage",
            "Detects nothing: the whole image is the face, for images that are face crops already",
            licence="Apache-2.0",
            good_at="images that are face crops already, and as the baseline of what a detector brings",
            speed="takes no time",
        ),
    ]
