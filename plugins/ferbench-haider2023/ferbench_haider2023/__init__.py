"""The pipelines and tables of Haider et al., "Robust Human Face Emotion Classification ...", Sensors 2023, 23, 4770."""

from ferbench import Entry, hookimpl

_PAPER = "Haider et al., Sensors 2023, 23, 4770, doi:10.3390/s23104770"


@hookimpl
def register_pipelines() -> list[Entry]:
    return [
        Entry(
            "tlf-resnet18-svm",
            "ferbench_haider2023:tlf-resnet18-svm.toml",
            "the paper's pipeline: RetinaFace, ResNet18 with triplet loss, SVM (also LDA and softmax regression)",
            paper=_PAPER,
        ),
        Entry(
            "tlf-resnet18-table5",
            "ferbench_haider2023:tlf-resnet18-table5.toml",
            "the same training, six classifiers: SVM in four kernels, LDA and softmax regression (Table 5)",
            paper=_PAPER,
        ),
        Entry(
            "ce-resnet18-svm",
            "ferbench_haider2023:ce-resnet18-svm.toml",
            "the same with cross-entropy in the triplet loss's place",
            paper=_PAPER,
        ),
        Entry(
            "ce-resnet18-softmax",
            "ferbench_haider2023:ce-resnet18-softmax.toml",
            "cross-entropy and softmax regression: the paper's 'cross-entropy' row of Tables 5 and 6",
            paper=_PAPER,
        ),
        Entry(
            "raw-pixels-svm",
            "ferbench_haider2023:raw-pixels-svm.toml",
            "a linear SVM on the crop's pixels: the floor",
        ),
    ]


@hookimpl
def register_tables() -> list[Entry]:
    about = {
        1: "JAFFE, against previous works",
        2: "MMI, against previous works",
        3: "FER2013, against previous works",
        4: "AffectNet, against previous works",
        5: "FER2013, by classifier, loss and sampling",
        6: "AffectNet, by classifier, loss and sampling",
    }
    return [
        Entry(f"haider2023-{number}", f"ferbench_haider2023:tables/haider2023-{number}.toml", summary, paper=_PAPER)
        for number, summary in about.items()
    ]
