"""The core's own components: the protocols and a classifier. They register as any plugin's components do."""

from ferbench import Entry, hookimpl


@hookimpl
def register_protocols() -> list[Entry]:
    return [
        Entry(
            "random-7-3",
            "ferbench.protocols.standard:RandomSplit",
            "the paper's random 7/3 split; the epoch is chosen on the scored set, so scores are optimistic",
            paper="Haider et al., Sensors 2023, Section 4.3",
        ),
        Entry(
            "clip-disjoint-7-3",
            "ferbench.protocols.standard:ClipDisjoint",
            "7/3 of the clips, a person may be on both sides (optimistic); the epoch is chosen on validation clips",
        ),
        Entry(
            "subject-disjoint-7-3",
            "ferbench.protocols.standard:SubjectDisjoint",
            "7/3 of the subjects, nobody on both sides; the epoch is chosen on validation subjects",
        ),
        Entry(
            "loso",
            "ferbench.protocols.standard:LeaveOneSubjectOut",
            "leave one subject out, one training per subject; the epoch is chosen on validation subjects",
        ),
        Entry(
            "group-10-fold",
            "ferbench.protocols.standard:GroupTenFold",
            "ten folds of subjects (or of clips), one training per fold; the epoch is chosen on the next fold",
        ),
        Entry(
            "official",
            "ferbench.protocols.standard:Official",
            "the dataset's own partitions: validation (or a tenth of train) chooses the epoch, test is scored once",
            paper="Goodfellow et al., ICONIP 2013 (FER2013: Training, PublicTest, PrivateTest)",
        ),
    ]


@hookimpl
def register_classifiers() -> list[Entry]:
    return [
        Entry(
            "own-scores",
            "ferbench.running.own_scores:OwnScores",
            "the embedder's own class scores as they are, for an end-to-end network",
            stores=("ferbench.running.own_scores.OwnScores",),
        ),
    ]
