"""Datasets for ferbench. Importing this module imports neither numpy nor OpenCV: the entries are lazy."""

from collections.abc import Iterable

from ferbench import Entry, hookimpl
from ferbench_datasets._sources import AFFECTNET, CK48, CKPLUS, FERPLUS, JAFFE, MMI, RAFDB, WIDERFACE


@hookimpl
def register_datasets() -> Iterable[Entry]:
    return [
        Entry(
            name="synthfaces",
            target="ferbench_datasets.synthfaces.dataset:SynthFaces",
            summary="Drawn faces with known expressions, made on demand: for tests and first steps",
            licence="Apache-2.0",
            generated=True,
            manifest="ferbench_datasets:manifests/synthfaces.csv",
        ),
        Entry(
            name="fer2013",
            target="ferbench_datasets.fer2013:Fer2013",
            summary="35,887 gray 48x48 faces from the web, 7 classes, official train, validation and test partitions",
            paper="Goodfellow et al. 2013, Challenges in Representation Learning, arXiv:1307.0414",
            licence="the Kaggle competition's rules; the photographs remain their owners'",
            homepage="https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge",
            manifest="ferbench_datasets:manifests/fer2013.csv",
        ),
        Entry(
            name="ferplus",
            target="ferbench_datasets.ferplus:FerPlus",
            summary="FER2013's images labelled again by ten people each, 8 classes, official partitions",
            paper="Barsoum et al. 2016, Training Deep Networks for Facial Expression Recognition, arXiv:1608.01041",
            licence=FERPLUS.licence,
            homepage=FERPLUS.homepage,
            manifest="ferbench_datasets:manifests/ferplus.csv",
        ),
        Entry(
            name="affectnet-8",
            target="ferbench_datasets.affectnet:AffectNet8",
            summary="AffectNet, full or mini release: 291,650 faces from the web, 8 classes, validation as the test",
            paper="Mollahosseini et al. 2019, AffectNet, IEEE Transactions on Affective Computing 10(1)",
            licence=AFFECTNET.licence,
            homepage=AFFECTNET.homepage,
        ),
        Entry(
            name="affectnet-7",
            target="ferbench_datasets.affectnet:AffectNet7",
            summary="AffectNet without contempt: 7 classes, else as affectnet-8",
            paper="Mollahosseini et al. 2019, AffectNet, IEEE Transactions on Affective Computing 10(1)",
            licence=AFFECTNET.licence,
            homepage=AFFECTNET.homepage,
        ),
        Entry(
            name="jaffe",
            target="ferbench_datasets.jaffe:Jaffe",
            summary="213 gray 256x256 faces of ten Japanese women, 7 posed expressions",
            paper="Lyons et al. 1998, Coding Facial Expressions with Gabor Wavelets, FG",
            licence=JAFFE.licence,
            homepage=JAFFE.homepage,
        ),
        Entry(
            name="ckplus",
            target="ferbench_datasets.ckplus:CkPlus",
            summary="CK+, the full release: the last frames of 327 labelled sequences, 7 classes with contempt",
            paper="Lucey et al. 2010, The Extended Cohn-Kanade Dataset (CK+), CVPRW",
            licence=CKPLUS.licence,
            homepage=CKPLUS.homepage,
        ),
        Entry(
            name="ck48",
            target="ferbench_datasets.ck48:Ck48",
            summary="CK+48: 981 gray 48x48 crops, the last three frames of CK+'s 327 labelled sequences",
            paper="Lucey et al. 2010, The Extended Cohn-Kanade Dataset (CK+), CVPRW",
            licence=CK48.licence,
            homepage=CK48.homepage,
        ),
        Entry(
            name="rafdb",
            target="ferbench_datasets.rafdb:RafDb",
            summary="RAF-DB basic: 15,339 faces from the web, 7 classes, official train and test partitions",
            paper="Li et al. 2017, Reliable Crowdsourcing and Deep Locality-Preserving Learning, CVPR",
            licence=RAFDB.licence,
            homepage=RAFDB.homepage,
        ),
        Entry(
            name="mmi",
            target="ferbench_datasets.mmi:Mmi",
            summary="MMI: 20 frames each of 236 videos of posed expressions, 6 classes and neutral from the onset",
            paper="Pantic et al. 2005, Web-based Database for Facial Expression Analysis, ICME",
            licence=MMI.licence,
            homepage=MMI.homepage,
        ),
    ]


@hookimpl
def register_scenes() -> Iterable[Entry]:
    return [
        Entry(
            name="synthfaces-scenes",
            target="ferbench_datasets.synthfaces.scenes:SynthScenes",
            summary="Drawn rooms with one to eight people of all sizes, some half hidden; easy, medium and hard faces",
            licence="Apache-2.0",
            generated=True,
        ),
        Entry(
            name="wider-face",
            target="ferbench_datasets.widerface:WiderFace",
            summary="WIDER FACE's validation partition: 3,226 photographs, 39,708 faces; easy, medium and hard",
            paper="Yang et al. 2016, WIDER FACE: A Face Detection Benchmark, CVPR",
            licence=WIDERFACE.licence,
            homepage=WIDERFACE.homepage,
        ),
    ]
