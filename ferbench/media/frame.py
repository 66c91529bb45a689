"""One frame of a picture, a video or a camera."""

from dataclasses import dataclass, field

from ferbench.data import Images


@dataclass(frozen=True)
class Frame:
    """A picture uint8 [H, W, 3], RGB, from ``file``. ``number`` counts a video's frames from 0, with their ``seconds``;
    a still picture has neither."""

    file: str
    picture: Images = field(repr=False)
    number: int | None = None
    seconds: float | None = None
