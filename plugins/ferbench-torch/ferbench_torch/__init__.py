"""Embedders, losses and samplers in PyTorch for ferbench. Importing this module does not import torch."""

from ferbench import Entry, hookimpl

_HAIDER = "Haider et al., Sensors 2023, doi:10.3390/s23104770"


@hookimpl
def register_embedders() -> list[Entry]:
    return [
        Entry(
            "resnet18",
            "ferbench_torch.resnet:ResNet18",
            "timm's ResNet18 on gray crops with a 128-D head on the unit sphere",
            paper=f"{_HAIDER}, Section 3.3; He et al., CVPR 2016",
            licence="Apache-2.0 (timm)",
        )
    ]


@hookimpl
def register_losses() -> list[Entry]:
    return [
        Entry(
            "triplet",
            "ferbench_torch.triplet:TripletLoss",
            "triplet loss on squared distances with online mining: batch-all, semi-hard or batch-hard",
            paper=f"{_HAIDER}, Section 2.2.1; Schroff et al., CVPR 2015; Hermans et al., arXiv:1703.07737",
        ),
        Entry(
            "cross-entropy",
            "ferbench_torch.cross_entropy:CrossEntropyLoss",
            "softmax cross-entropy through a linear head of its own; the embeddings are kept",
            paper=f"{_HAIDER}, Section 2.2.2",
        ),
        Entry(
            "triplet-cross-entropy",
            "ferbench_torch.joint:TripletCrossEntropyLoss",
            "the sum of both: cross-entropy keeps a triplet loss from collapsing in a short training",
            paper="Hermans et al., arXiv:1703.07737 (triplet); the sum is common in re-identification",
        ),
    ]


@hookimpl
def register_samplers() -> list[Entry]:
    return [
        Entry(
            "weighted",
            "ferbench_torch.samplers:WeightedSampler",
            "draws with replacement; a larger class gets a smaller weight",
            paper=f"{_HAIDER}, Section 4.2",
        ),
        Entry(
            "uniform",
            "ferbench_torch.samplers:UniformSampler",
            "every sample once an epoch, in random order",
        ),
        Entry(
            "p-k",
            "ferbench_torch.samplers:PKSampler",
            "K samples of each of P classes in every batch",
            paper="Hermans et al., arXiv:1703.07737",
        ),
    ]
