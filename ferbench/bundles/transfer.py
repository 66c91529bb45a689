"""What a result's facts say about the weights that its run started from (``schema.TransferFacts``)."""

from typing import Any


def why_leaking(transfer: dict[str, Any] | None) -> str | None:
    """Why a result is optimistic by its starting weights, in a sentence, or ``None``."""
    if not transfer or not transfer["overlap"]:
        return None
    return (
        f"the embedder starts from weights that were trained on {transfer['overlap']:,} of the "
        f"{transfer['tested']:,} test images"
    )


def sources(transfer: dict[str, Any]) -> str:
    """The trainings before this one, the latest first, in a few words each."""
    training = transfer["training"]
    text = "unknown training data"
    if training:
        text = f"{training['dataset']['name']}, {training['protocol']['name']}, {training['run']}"
    return f"{text}, itself from {sources(transfer['before'])}" if transfer["before"] else text
